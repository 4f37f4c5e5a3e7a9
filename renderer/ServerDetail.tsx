// The page of one server: its state and what to do, the last 24 hours as a chart, facts, history and settings.
// The history is loaded again whenever the snapshot shows a newer event.
import { useEffect, useRef, useState } from 'react'
import { canRefresh, endingOf } from '../app/contract/renewal.ts'
import type { HistoryEvent, ServerView } from '../app/contract/views.ts'
import { explain, pause, refresh, resume } from './actions.ts'
import { Connect } from './Connect.tsx'
import { useClock } from './clock.ts'
import { ActionButton, Page, Push, UnknownServer } from './controls.tsx'
import { Mute } from './Desktop.tsx'
import { door } from './door.ts'
import { countdown, roughly } from './durations.ts'
import { Endings } from './Endings.tsx'
import { Facts } from './Facts.tsx'
import { Fold } from './Fold.tsx'
import { GiveToken } from './GiveToken.tsx'
import { History } from './History.tsx'
import { Mark, markOf } from './Mark.tsx'
import { Proposals } from './Proposals.tsx'
import { PublicKeys } from './PublicKeys.tsx'
import { Restored } from './Restored.tsx'
import { ServerIcon } from './ServerIcon.tsx'
import { hasCure, hostOf, primaryAction } from './ServerList.tsx'
import { ServerSettings } from './ServerSettings.tsx'
import { beginSignIn } from './signIns.ts'
import { useServer } from './store.ts'
import { Timeline } from './Timeline.tsx'
import { useVerify, VerdictLine } from './Verify.tsx'
import { actionWords } from './words/actions.ts'
import { listWords } from './words/list.ts'
import { detailWords } from './words/server.ts'

export default function ServerDetail({ id, part }: { id: string; part: string | null }) {
  const view = useServer(id)
  if (!view) return <UnknownServer />
  return <Detail view={view} part={part} />
}

function Detail({ view, part }: { view: ServerView; part: string | null }) {
  const events = useHistory(view)
  const target = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (part === 'settings' || part === 'token') {
      target.current?.scrollIntoView({ block: 'start' })
      target.current?.querySelector<HTMLElement>('input')?.focus()
    }
  }, [part])
  const { verify, verdict } = useVerify(view)
  // What would cure a failed sign-in is of no use while all is well; that the server moved is news then too.
  const offered = view.action === null ? view.proposals.filter(({ change }) => change.url) : view.proposals
  const byHand = view.grantKind === 'staticToken' || view.grantKind === 'refreshToken'
  return (
    <Page
      title={view.name}
      side={hostOf(view.url)}
      mark={
        <>
          <Mark kind={markOf(view)} />
          <ServerIcon view={view} />
        </>
      }
    >
      <Banner view={view} />
      {!view.signIn && offered.length > 0 && <Proposals view={view} proposals={offered} />}
      {view.action === 'tryRestored' && !view.paused && <Restored view={view} />}
      <Actions view={view} byHand={byHand} onVerify={verify} />
      <VerdictLine verdict={verdict} />
      {view.warnings.length > 0 && (
        <ul className="notes" aria-label={detailWords.warnings}>
          {view.warnings.map((warning) => (
            <li key={warning} className="note">
              {warning}
            </li>
          ))}
        </ul>
      )}
      {byHand && (
        <div ref={part === 'token' ? target : null}>
          <GiveToken view={view} />
        </div>
      )}
      {events.error ? <p className="note">{events.error}</p> : <Timeline events={events.list} />}
      <Facts view={view} />
      {view.hasKeys && <PublicKeys id={view.id} />}
      <History events={events.list} />
      <Connect view={view} />
      <div ref={part === 'settings' ? target : null}>
        <Fold title={detailWords.settings} level={2} isForm defaultExpanded={part === 'settings'}>
          <ServerSettings view={view} />
        </Fold>
        <Mute id={view.id} />
      </div>
      <Endings view={view} />
    </Page>
  )
}

function Banner({ view }: { view: ServerView }) {
  const moving = useClock((now) => {
    const ending = endingOf(view)
    if (ending?.at && ending.at > now) return listWords.remedyIn(ending.remedy, roughly(ending.at - now))
    if (view.paused || view.nextAt === null || view.nextAt <= now) return ''
    const left = view.state === 'waiting' ? countdown(view.nextAt - now) : roughly(view.nextAt - now)
    return view.state === 'fresh' ? detailWords.nextRefresh(left) : detailWords.attempt(left)
  })
  return (
    <div className={`state ${view.light}`}>
      <Mark kind={markOf(view)} said={false} />
      <div>
        <strong>{view.words}</strong>
        {moving && <div className="moving">{moving}</div>}
        {view.detail && <p>{view.detail}</p>}
      </div>
    </div>
  )
}

function Actions({ view, byHand, onVerify }: { view: ServerView; byHand: boolean; onVerify: () => void }) {
  const isRestored = view.action === 'tryRestored'
  const primary = isRestored || hasCure(view) ? null : primaryAction(view)
  const { id } = view
  const canSignIn = !byHand && !isRestored && primary?.text !== actionWords.signIn && view.state !== 'signingIn'
  const isRetrying = view.state === 'waiting' && !primary
  return (
    <div className="acts">
      {primary && (
        <Push look="primary" onPress={primary.run}>
          {primary.text}
        </Push>
      )}
      {canRefresh(view) && !view.paused && !isRestored && (
        <ActionButton look={isRetrying ? 'primary' : 'plain'} action={`refresh ${id}`} onPress={() => refresh(view)}>
          {actionWords.refresh}
        </ActionButton>
      )}
      {canSignIn && (
        <Push onPress={() => beginSignIn(id)}>
          {view.obtainedAt === null ? actionWords.signIn : actionWords.signInAgain}
        </Push>
      )}
      {view.expirySource !== null && !isRestored && (
        <ActionButton action={`verify ${id}`} onPress={onVerify}>
          {actionWords.verify}
        </ActionButton>
      )}
      <ActionButton action={`pause ${id}`} onPress={() => (view.paused ? resume(view) : pause(view))}>
        {view.paused ? actionWords.resume : actionWords.pause}
      </ActionButton>
    </div>
  )
}

function useHistory(view: ServerView) {
  const [history, setHistory] = useState<{ list: readonly HistoryEvent[]; error: string }>({ list: [], error: '' })
  const newest = view.lastEvent?.at
  // biome-ignore lint/correctness/useExhaustiveDependencies: a newer event is the reason to ask again
  useEffect(() => {
    let current = true
    door.call('server.history', { server: view.id, limit: 1000 }).then(
      ({ events }) => current && setHistory({ list: events.toSorted((a, b) => b.at - a.at), error: '' }),
      (error) => current && setHistory((old) => ({ ...old, error: explain(error).text }))
    )
    return () => {
      current = false
    }
  }, [view.id, newest])
  return history
}
