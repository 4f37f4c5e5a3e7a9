// A client that waits to be let in: who it says it is, where it goes back to, what it wants, and the three answers.
// The digits stand large beside the name: a name can be anybody's.
import { useState } from 'react'
import type { PendingClient } from '../app/contract/clients.ts'
import { allow, deny, setLock } from './clients.ts'
import { useClock } from './clock.ts'
import { ActionButton, Push } from './controls.tsx'
import { countdown } from './durations.ts'
import { ServerBoxes } from './ServerBoxes.tsx'
import { go, screens, snapshots } from './store.ts'
import { words } from './words.ts'

function Left({ expiresAt }: { expiresAt: number }) {
  const left = useClock((now) => (expiresAt > now ? countdown(expiresAt - now) : ''))
  return <>{left && words.clients.left(left)}</>
}

export function Asking({ pending }: { pending: PendingClient }) {
  const { request, name, digits, asks, destination, redirectUri, expiresAt } = pending
  const [servers, setServers] = useState<string[]>([])
  const known = snapshots.use()?.servers ?? []
  const nameOf = (id: string) => known.find((server) => server.id === id)?.name ?? id
  const chosen = asks === null ? servers : null
  const action = `answer ${request}`
  const isOpen = chosen !== null && chosen.length === 0
  return (
    <section className="asking" aria-labelledby={`asking-${request}`}>
      <div className="askingHead">
        <h2 id={`asking-${request}`}>{words.clients.wants(name)}</h2>
        <span className="digits">
          <span className="spoken">{words.clients.digits}</span> {digits}
        </span>
      </div>
      <p className="help">{words.clients.compare}</p>
      <dl className="facts">
        <div>
          <dt>{words.clients.backTo}</dt>
          <dd>
            {destination} <code>{redirectUri}</code>
          </dd>
        </div>
        {asks && (
          <div>
            <dt>{words.clients.servers}</dt>
            <dd>{asks.map(nameOf).join(', ')}</dd>
          </div>
        )}
        <div>
          <dt>{words.clients.time}</dt>
          <dd>
            <Left expiresAt={expiresAt} />
          </dd>
        </div>
      </dl>
      {asks === null && <ServerBoxes label={words.clients.choose} value={servers} onChange={setServers} />}
      <p className="help">{words.clients.onceOrAlways}</p>
      <div className="acts">
        <ActionButton
          look="primary"
          action={action}
          isDisabled={isOpen}
          onPress={() => allow(request, name, false, chosen)}
        >
          {words.clients.once}
        </ActionButton>
        <ActionButton action={action} isDisabled={isOpen} onPress={() => allow(request, name, true, chosen)}>
          {words.clients.always}
        </ActionButton>
        <ActionButton look="danger" action={action} onPress={() => deny(request, name)}>
          {words.clients.deny}
        </ActionButton>
      </div>
    </section>
  )
}

/** On every other screen: that somebody waits, or that nobody is let in. */
export function AskingBanner() {
  const clients = snapshots.use()?.clients
  const screen = screens.use()
  const isShown = clients !== undefined && screen.name !== 'clients'
  const first = clients?.pending[0]
  return (
    <div role="status" className={isShown && (first || clients.locked) ? 'askingBanner' : 'spoken'}>
      {isShown && clients.locked && (
        <>
          <span>{words.clients.lockedBanner}</span>
          <ActionButton action="lock" onPress={() => setLock(false)}>
            {words.clients.unlock}
          </ActionButton>
        </>
      )}
      {isShown && !clients.locked && first && (
        <>
          <span>{words.clients.waiting(first.name, clients.pending.length)}</span>
          <Push look="primary" onPress={() => go({ name: 'clients' })}>
            {words.clients.answer}
          </Push>
        </>
      )}
    </div>
  )
}
