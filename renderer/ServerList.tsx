// The list of servers in the order the core sends them: those that need a person first, each with its next step as a button.
// A row is rendered again only if its server changed, and its countdown runs by itself, so that long lists stay fast.
import { memo, useDeferredValue, useEffect } from 'react'
import { Link } from 'react-aria-components/Link'
import { needsYou, sayAttention } from '../app/contract/attention.ts'
import { endingOf } from '../app/contract/renewal.ts'
import type { ServerView, Snapshot } from '../app/contract/views.ts'
import { useClock } from './clock.ts'
import { Push, SettingsButton } from './controls.tsx'
import { DemoButton } from './Demo.tsx'
import { countdown, roughly } from './durations.ts'
import { Mark, markOf } from './Mark.tsx'
import { ServerIcon } from './ServerIcon.tsx'
import { beginSignIn } from './signIns.ts'
import { go, hashOf, hasMoved, lastServer } from './store.ts'
import { Welcome } from './Welcome.tsx'
import { actionWords } from './words/actions.ts'
import { appWords } from './words/app.ts'
import { clientsWords } from './words/clients.ts'
import { demoWords, listWords } from './words/list.ts'

export function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return url
  }
}

const scopesOf = ({ missingScope }: ServerView) => missingScope?.split(' ') ?? []

/** Whether its sign-in failed for want of a setting that its page proposes: without that, another try fails as well. */
export const hasCure = ({ state, action, proposals }: ServerView) =>
  state === 'signedOut' && action === 'signIn' && proposals.some(({ trust }) => trust === 'seen')

/** The one thing a person should do, where there is one. */
export function primaryAction(view: ServerView): { text: string; run: () => void; urgent: boolean } | null {
  const { id, action, grantKind } = view
  if (view.state === 'signingIn')
    return { text: actionWords.showSignIn, run: () => go({ name: 'signIn', id }), urgent: false }
  if (view.paused || !action) return null
  const urgent = view.light === 'red'
  if (action === 'tryRestored')
    return { text: actionWords.tryRestored, run: () => go({ name: 'server', id, part: null }), urgent }
  if (action === 'fixSettings')
    return {
      text: view.state === 'signedOut' ? actionWords.fixClient : actionWords.fixSettings,
      run: () => go({ name: 'server', id, part: 'settings' }),
      urgent
    }
  if (grantKind === 'staticToken' || grantKind === 'refreshToken')
    return { text: actionWords.giveToken, run: () => go({ name: 'server', id, part: 'token' }), urgent }
  if (hasCure(view)) return { text: actionWords.fix, run: () => go({ name: 'server', id, part: null }), urgent }
  const text = action === 'grantMore' ? actionWords.grantMore(scopesOf(view)) : actionWords.signIn
  const scope = action === 'grantMore' ? view.missingScope : undefined
  return { text, run: () => beginSignIn(id, scope), urgent }
}

/** What is left of the token's lifetime, 0 to 100, in steps too small to see; null where nothing moves. */
export function useLifetimeLeft({ obtainedAt, expiresAt }: ServerView): number | null {
  return useClock((now) => {
    if (obtainedAt === null || expiresAt === null || expiresAt <= obtainedAt) return null
    const left = Math.min(1, Math.max(0, (expiresAt - now) / (expiresAt - obtainedAt)))
    return Math.round(left * 400) / 4
  })
}

function Lifetime({ view }: { view: ServerView }) {
  const left = useLifetimeLeft(view)
  if (left === null || view.paused || view.state === 'signedOut' || view.light === 'red') return null
  return (
    // biome-ignore lint/a11y/useSemanticElements: a meter element cannot be styled alike everywhere
    <div
      className="lifetime"
      role="meter"
      aria-label={listWords.bar}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(left)}
    >
      <i style={{ width: `${left}%` }} />
    </div>
  )
}

/** At the right, in one line: the next attempt where one is waited for, else what is left. */
function When({ view }: { view: ServerView }) {
  const text = useClock((now) => {
    if (view.paused || view.state === 'signedOut') return ''
    if (view.state === 'waiting' && view.nextAt !== null)
      return view.nextAt > now ? `${listWords.nextIn} ${countdown(view.nextAt - now)}` : listWords.now
    if (view.expiresAt === null) return ''
    return view.expiresAt > now ? `${roughly(view.expiresAt - now)} ${listWords.left}` : listWords.ended
  })
  return <div className="when">{text}</div>
}

/** "Healthy · refreshes in 41 min"; "Sign in again in 59 min · Token valid, no refresh token" */
function Words({ view }: { view: ServerView }) {
  const ending = endingOf(view)
  const moving = useClock((now) => {
    if (ending?.at && ending.at > now) return listWords.remedyIn(ending.remedy, roughly(ending.at - now))
    if (view.state !== 'fresh' || view.paused || view.outage || view.nextAt === null) return ''
    return view.nextAt > now ? listWords.refreshesIn(roughly(view.nextAt - now)) : listWords.refreshDue
  })
  return (
    <div className="words">{(ending ? [moving, view.words] : [view.words, moving]).filter(Boolean).join(' · ')}</div>
  )
}

const Row = memo(function Row({ view }: { view: ServerView }) {
  const action = primaryAction(view)
  return (
    <li className={`row ${view.light}`} data-server={view.id}>
      <Mark kind={markOf(view)} />
      <div className="name">
        <ServerIcon view={view} />
        <Link href={hashOf({ name: 'server', id: view.id, part: null })} id={`server-${view.id}`}>
          {view.name}
        </Link>
        <span className="host">{view.demo ? demoWords.badge : hostOf(view.url)}</span>
      </div>
      {action ? (
        <div className="do">
          <Push
            look={action.urgent ? 'primary' : 'plain'}
            onPress={action.run}
            aria-label={`${action.text}: ${view.name}`}
          >
            {action.text}
          </Push>
        </div>
      ) : (
        <When view={view} />
      )}
      <Words view={view} />
      {view.detail && <p className="more">{view.detail}</p>}
      <Lifetime view={view} />
    </li>
  )
})

/** More rows than any screen shows at once. */
const firstRows = 40

/** The rows in sight change at once, those further down right behind them, in pieces that hold nothing up. */
function Rows({ servers }: { servers: readonly ServerView[] }) {
  // Coming back, the row to take the focus must be there from the start.
  const drawn = useDeferredValue(servers, hasMoved ? servers : servers.slice(0, firstRows))
  const before = new Map(drawn.map((view) => [view.id, view]))
  return servers.map((view, at) => {
    const shown = at < firstRows ? view : before.get(view.id)
    return shown && <Row key={view.id} view={shown} />
  })
}

export function ServerList({ snapshot }: { snapshot: Snapshot }) {
  const { servers } = snapshot
  const needing = servers.filter(needsYou).length
  const troubled = servers.filter(({ light }) => light === 'amber').length
  const title = needing > 0 ? `${sayAttention(needing, 0)} – ${appWords.name}` : appWords.name
  useEffect(() => {
    document.title = title
  }, [title])
  useEffect(() => {
    if (!hasMoved) return
    const row = lastServer ? document.getElementById(`server-${lastServer}`) : null
    const target = row ?? document.querySelector<HTMLElement>('h1')
    target?.focus()
  }, [])
  const sum = sayAttention(needing, troubled) || listWords.count(servers.length)
  return (
    <>
      <header className="bar">
        <h1 tabIndex={-1}>{appWords.name}</h1>
        {servers.length > 0 && <span className={needing > 0 ? 'sum urgent' : 'sum'}>{sum}</span>}
        <SettingsButton />
      </header>
      <main>
        {servers.length === 0 ? (
          <Welcome keySource={snapshot.vault.keySource} />
        ) : (
          <>
            <ul className="list" aria-label={listWords.label}>
              <Rows servers={servers} />
            </ul>
            <div className="foot">
              <Push onPress={() => go({ name: 'add', way: 'browser', url: '' })}>{listWords.add}</Push>
              <Push onPress={() => go({ name: 'clients' })}>{clientsWords.title}</Push>
              {snapshot.demo === 'on' && <DemoButton />}
            </div>
          </>
        )}
      </main>
    </>
  )
}
