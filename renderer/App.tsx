// The frame around every page: chooses the page, shows the connection's state and toasts, and tells screen readers of changes.
// Pages other than the list are loaded when they are first opened, so that the list appears sooner.
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import type { ServerView, Snapshot } from '../app/contract/views.ts'
import { AccessRequestBanner } from './AccessRequest.tsx'
import { CopyLine, Toasts } from './controls.tsx'
import { RefreshHoldBanner } from './RefreshHold.tsx'
import { ServerList } from './ServerList.tsx'
import { openCommand } from './session.ts'
import { showTheme } from './settings.ts'
import { changes, connections, fullName, screens, snapshots } from './store.ts'
import { appWords } from './words/app.ts'

const ServerDetail = lazy(() => import('./ServerDetail.tsx'))
const SignIn = lazy(() => import('./SignIn.tsx'))
const AddServer = lazy(() => import('./AddServer.tsx'))
const ChangeServer = lazy(() => import('./ChangeServer.tsx'))
const Clients = lazy(() => import('./Clients.tsx'))
const Settings = lazy(() => import('./Settings.tsx'))
const VaultScreen = lazy(() => import('./VaultScreen.tsx'))

function Shown({ snapshot }: { snapshot: Snapshot }) {
  const screen = screens.use()
  if (snapshot.vault.state !== 'open') return <VaultScreen vault={snapshot.vault} state={snapshot.vault.state} />
  switch (screen.name) {
    case 'list':
      return <ServerList snapshot={snapshot} />
    case 'server':
      if (screen.part === 'url' || screen.part === 'client')
        return <ChangeServer key={`${screen.id} ${screen.part}`} id={screen.id} part={screen.part} />
      return <ServerDetail key={screen.id} id={screen.id} part={screen.part} />
    case 'signIn':
      return <SignIn key={screen.id} id={screen.id} />
    case 'add':
      return <AddServer key={`${screen.way} ${screen.url}`} url={screen.url} way={screen.way} />
    case 'settings':
      return <Settings />
    case 'clients':
      return <Clients />
  }
}

/** What a person cares about: a plain refresh that succeeds, or a sign-in they make themselves, is none of it. */
const tellingOf = ({ light, words }: ServerView) =>
  light === 'red' ? `needs you: ${words}` : light === 'amber' ? 'in trouble' : light

/** Says aloud what changed by itself: a server's words, or how many changed at once. */
function Announcer() {
  const [said, setSaid] = useState('')
  useEffect(() => {
    const unsubscribe = changes.subscribe(() => {
      const told = changes
        .get()
        .flatMap(({ before, after }) => (before && after && tellingOf(before) !== tellingOf(after) ? [after] : []))
      if (told.length === 0) return
      const each = told.map((view) => `${fullName(view)}: ${view.words}`).join('. ')
      setSaid(told.length > 3 ? appWords.changed(told.length) : each)
    })
    return () => void unsubscribe()
  }, [])
  return (
    <div className="spoken" role="status">
      {said}
    </div>
  )
}

/** What was focused may go with a change; the screen's heading then takes the focus, not the top of the page. */
function useKeptFocus(snapshot: Snapshot | null): void {
  const focused = useRef<Element | null>(null)
  useEffect(() => {
    const note = ({ target }: FocusEvent) => {
      focused.current = target as Element
    }
    document.addEventListener('focusin', note)
    return () => document.removeEventListener('focusin', note)
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a snapshot is what takes things away
  useEffect(() => {
    const isLost = document.activeElement === document.body && focused.current?.isConnected === false
    if (isLost) document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
  }, [snapshot])
}

function ConnectionBanner() {
  const connection = connections.use()
  const text = connection === 'lost' || connection === 'outdated' ? appWords.connection[connection] : ''
  return (
    <div role="status" className={text ? 'connection' : 'spoken'}>
      {text}
    </div>
  )
}

/** In place of everything: what was shown may have changed long ago, and whoever answers now may be another program. */
function Ended() {
  useEffect(() => {
    document.title = `${appWords.ended.title} – ${appWords.name}`
  }, [])
  return (
    <main className="page">
      <h1>{appWords.ended.title}</h1>
      <p>{appWords.ended.lead}</p>
      <CopyLine label={appWords.ended.command} text={openCommand()} />
    </main>
  )
}

export function App() {
  const snapshot = snapshots.use()
  const connection = connections.use()
  const theme = snapshot?.theme
  useEffect(() => {
    if (theme) showTheme(theme)
  }, [theme])
  useKeptFocus(snapshot)
  if (connection === 'ended')
    return (
      <div className="app">
        <Ended />
        <Toasts />
      </div>
    )
  return (
    <div className="app">
      <ConnectionBanner />
      {/* Nothing can be clicked while nobody answers; what was typed stays. */}
      <div className="live" inert={connection === 'lost'}>
        <AccessRequestBanner />
        <RefreshHoldBanner />
        {snapshot ? (
          <Suspense fallback={null}>
            <Shown snapshot={snapshot} />
            <Announcer />
          </Suspense>
        ) : (
          <main className="page">
            <p className="lead">{appWords.connecting}</p>
          </main>
        )}
      </div>
      <Toasts />
    </div>
  )
}
