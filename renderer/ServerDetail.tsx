// One server: what is the matter and what to do, the last day as a picture, what is known, its history, its settings.
// The history is asked for again whenever the snapshot shows a newer event.
import { useEffect, useRef, useState } from 'react'
import type { HistoryEvent, ServerView } from '../app/contract/views.ts'
import { explain, forgetRegistration, pause, refresh, remove, resume, signOut } from './actions.ts'
import { bridge } from './bridge.ts'
import { useClock } from './clock.ts'
import { ActionButton, AskButton, Page, Push } from './controls.tsx'
import { Mute } from './Desktop.tsx'
import { countdown, roughly, writeDay, writeMoment, writeTime } from './durations.ts'
import { GiveToken } from './GiveToken.tsx'
import { Mark, markOf } from './Mark.tsx'
import { hostOf, primaryAction } from './ServerList.tsx'
import { ServerSettings } from './ServerSettings.tsx'
import { beginSignIn } from './signIns.ts'
import { go, snapshots } from './store.ts'
import { Timeline } from './Timeline.tsx'
import { words } from './words.ts'

export default function ServerDetail({ id, part }: { id: string; part: string | null }) {
  const view = snapshots.use()?.servers.find((server) => server.id === id)
  if (!view)
    return (
      <Page title={words.list.title}>
        <p className="lead">{words.detail.unknown}</p>
      </Page>
    )
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
  const byHand = view.grantKind === 'staticToken' || view.grantKind === 'refreshToken'
  return (
    <Page title={view.name} side={hostOf(view.url)} mark={<Mark kind={markOf(view)} />}>
      <Banner view={view} />
      <Actions view={view} byHand={byHand} />
      {view.warnings.map((warning) => (
        <p key={warning} className="note">
          {warning}
        </p>
      ))}
      {byHand && (
        <div ref={part === 'token' ? target : null}>
          <GiveToken view={view} />
        </div>
      )}
      {events.error ? <p className="note">{events.error}</p> : <Timeline events={events.list} />}
      <Facts view={view} />
      <History events={events.list} />
      <div ref={part === 'settings' ? target : null}>
        <ServerSettings view={view} />
        <Mute id={view.id} />
      </div>
      <Endings view={view} />
    </Page>
  )
}

function Banner({ view }: { view: ServerView }) {
  const moving = useClock((now) => {
    if (view.paused || view.nextAt === null || view.nextAt <= now) return ''
    const left = view.state === 'waiting' ? countdown(view.nextAt - now) : roughly(view.nextAt - now)
    return view.state === 'fresh' ? words.detail.nextRefresh(left) : words.detail.attempt(left)
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

function Actions({ view, byHand }: { view: ServerView; byHand: boolean }) {
  const primary = primaryAction(view)
  const { id } = view
  const canSignIn = !byHand && primary?.text !== words.actions.signIn && view.state !== 'signingIn'
  // A refresh token that the server refused will not be taken the next time either.
  const isSpent = view.state === 'needsUser' && view.fault === 'refused'
  const isRetrying = view.state === 'waiting' && !primary
  return (
    <div className="acts">
      {primary && (
        <Push look="primary" onPress={primary.run}>
          {primary.text}
        </Push>
      )}
      {view.renewable && !view.paused && !isSpent && (
        <ActionButton look={isRetrying ? 'primary' : 'plain'} action={`refresh ${id}`} onPress={() => refresh(view)}>
          {words.actions.refresh}
        </ActionButton>
      )}
      {canSignIn && <Push onPress={() => beginSignIn(id)}>{words.actions.signInAgain}</Push>}
      <ActionButton action={`pause ${id}`} onPress={() => (view.paused ? resume(view) : pause(view))}>
        {view.paused ? words.actions.resume : words.actions.pause}
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
    bridge.call('server.history', { server: view.id, limit: 1000 }).then(
      ({ events }) => current && setHistory({ list: events.toSorted((a, b) => b.at - a.at), error: '' }),
      (error) => current && setHistory((old) => ({ ...old, error: explain(error).text }))
    )
    return () => {
      current = false
    }
  }, [view.id, newest])
  return history
}

/** "23:05 · 11 min left" */
function Until({ at, source }: { at: number | null; source: ServerView['expirySource'] }) {
  const text = useClock((now) => {
    if (source === null) return words.detail.noToken
    if (at === null) return words.detail.noEnd
    const left = at > now ? words.detail.left(roughly(at - now)) : words.detail.ended
    return `${writeMoment(at, now)} · ${left}`
  })
  const note = source === 'guess' ? words.detail.guess : source === 'jwt' ? words.detail.fromJwt : ''
  return <>{note ? `${text} (${note})` : text}</>
}

function RefreshToken({ view }: { view: ServerView }) {
  const text = useClock((now) => {
    if (view.expirySource === null) return words.detail.noToken
    if (view.fault === 'refused') return words.detail.refreshRefused
    if (view.refreshExpiresAt === null) return view.renewable ? words.detail.renewable : words.detail.notRenewable
    return view.refreshExpiresAt > now
      ? words.detail.refreshEnds(roughly(view.refreshExpiresAt - now))
      : words.detail.refreshEnded
  })
  return <>{text}</>
}

function Moment({ at }: { at: number }) {
  return <>{useClock((now) => writeMoment(at, now))}</>
}

function Facts({ view }: { view: ServerView }) {
  const { facts, registrations, kinds } = words.detail
  const vault = snapshots.use()?.vault
  const client = [view.registration && registrations[view.registration], view.clientId].filter(Boolean).join(' · ')
  const rows: [string, React.ReactNode][] = [
    [facts.validUntil, <Until key="until" at={view.expiresAt} source={view.expirySource} />],
    [facts.obtained, view.obtainedAt && <Moment at={view.obtainedAt} />],
    [facts.refreshToken, <RefreshToken key="refresh" view={view} />],
    [facts.kind, kinds[view.grantKind]],
    [facts.address, view.url],
    [facts.issuer, view.issuer],
    [facts.resource, view.resource === view.url ? null : view.resource],
    [facts.scope, view.scope],
    [facts.registration, client],
    [
      facts.accepted,
      view.acceptedAt ? (
        <>
          <Moment at={view.acceptedAt} /> {words.detail.accepted('').trim()}
        </>
      ) : (
        words.detail.neverAccepted
      )
    ],
    [facts.stored, vault?.path]
  ]
  return (
    <section>
      <h2 className="cap">{words.detail.token}</h2>
      <dl className="facts">
        {rows
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  )
}

const tones: Partial<Record<HistoryEvent['kind'], string>> = {
  signedIn: 'green',
  refreshed: 'green',
  refreshFailed: 'amber',
  signInFailed: 'red'
}
const few = 8

function History({ events }: { events: readonly HistoryEvent[] }) {
  const [all, setAll] = useState(false)
  const today = useClock(writeDay)
  const shown = all ? events : events.slice(0, few)
  return (
    <section>
      <h2 className="cap">
        {words.detail.history}
        {events.length > few && (
          <Push look="link" onPress={() => setAll(!all)}>
            {all ? words.detail.showLess : words.detail.showAll}
          </Push>
        )}
      </h2>
      {events.length === 0 && <p className="help">{words.detail.noHistory}</p>}
      <ol className="history">
        {shown.map((event, index) => (
          <li key={`${event.at} ${event.kind}`}>
            {writeDay(event.at) !== (index === 0 ? today : writeDay(shown[index - 1]!.at)) && (
              <span className="day">{writeDay(event.at)}</span>
            )}
            <time dateTime={new Date(event.at).toISOString()}>{writeTime(event.at)}</time>
            <i className={`dot ${event.fault === 'refused' ? 'red' : (tones[event.kind] ?? 'grey')}`} />
            <span>{event.detail || words.events[event.kind]}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Endings({ view }: { view: ServerView }) {
  const { id, name } = view
  return (
    <div className="acts endings">
      {view.registration === 'dynamic' && (
        <ActionButton action={`forget ${id}`} onPress={() => forgetRegistration(view)}>
          {words.actions.forget}
        </ActionButton>
      )}
      {view.expirySource !== null && (
        <AskButton
          action={`signOut ${id}`}
          title={words.actions.signOutTitle(name)}
          text={words.actions.signOutText}
          yes={words.actions.signOut}
          onYes={() => signOut(view)}
        >
          {words.actions.signOut}
        </AskButton>
      )}
      <AskButton
        action={`remove ${id}`}
        title={words.actions.removeTitle(name)}
        text={words.actions.removeText}
        yes={words.actions.removeNow}
        onYes={async () => {
          if (await remove(view)) go({ name: 'list' })
        }}
      >
        {words.actions.remove}
      </AskButton>
    </div>
  )
}
