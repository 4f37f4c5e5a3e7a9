// A client's request for access: its name, the address it returns to, the servers it wants, and buttons to allow or deny it.
// The digits are as large as the name: any program can use a trusted name, but only the client's own page shows these digits.
import { useState } from 'react'
import type { PendingClient } from '../app/contract/clients.ts'
import { allow, deny, setLock } from './clients.ts'
import { useClock } from './clock.ts'
import { ActionButton, Push } from './controls.tsx'
import { countdown } from './durations.ts'
import { ServerBoxes } from './ServerBoxes.tsx'
import { fullName, go, screens, snapshots } from './store.ts'
import { clientsWords } from './words/clients.ts'

function Left({ expiresAt }: { expiresAt: number }) {
  const left = useClock((now) => (expiresAt > now ? countdown(expiresAt - now) : ''))
  return <>{left && clientsWords.left(left)}</>
}

export function AccessRequest({ pending }: { pending: PendingClient }) {
  const { request, name, digits, asks, source, destination, redirectUri, expiresAt } = pending
  const [servers, setServers] = useState<string[]>([])
  const known = snapshots.use()?.servers ?? []
  const nameOf = (id: string) => {
    const server = known.find((server) => server.id === id)
    return server ? fullName(server) : id
  }
  const chosen = asks === null ? servers : null
  const action = `answer ${request}`
  const isOpen = chosen !== null && chosen.length === 0
  return (
    <section className="accessRequest" aria-labelledby={`accessRequest-${request}`}>
      <div className="accessRequestHead">
        <h2 id={`accessRequest-${request}`}>{clientsWords.wants(name)}</h2>
        <span className="digits">
          <span className="spoken">{clientsWords.digits}</span> {digits}
        </span>
      </div>
      <p className="help">{clientsWords.compare}</p>
      <dl className="facts">
        <div>
          <dt>{clientsWords.from}</dt>
          <dd>{source}</dd>
        </div>
        <div>
          <dt>{clientsWords.backTo}</dt>
          <dd>
            {destination} <code>{redirectUri}</code>
          </dd>
        </div>
        {asks && (
          <div>
            <dt>{clientsWords.servers}</dt>
            <dd>{asks.map(nameOf).join(', ')}</dd>
          </div>
        )}
        <div>
          <dt>{clientsWords.time}</dt>
          <dd>
            <Left expiresAt={expiresAt} />
          </dd>
        </div>
      </dl>
      {asks === null && <ServerBoxes label={clientsWords.choose} value={servers} onChange={setServers} />}
      <p className="help">{clientsWords.onceOrAlways}</p>
      <div className="acts">
        <ActionButton
          look="primary"
          action={action}
          isDisabled={isOpen}
          onPress={() => allow(request, name, false, chosen)}
        >
          {clientsWords.once}
        </ActionButton>
        <ActionButton action={action} isDisabled={isOpen} onPress={() => allow(request, name, true, chosen)}>
          {clientsWords.always}
        </ActionButton>
        <ActionButton look="danger" action={action} onPress={() => deny(request, name)}>
          {clientsWords.deny}
        </ActionButton>
      </div>
    </section>
  )
}

/** On every other screen: that somebody waits, or that nobody is let in. */
export function AccessRequestBanner() {
  const clients = snapshots.use()?.clients
  const screen = screens.use()
  const isShown = clients !== undefined && screen.name !== 'clients'
  const first = clients?.pending[0]
  return (
    <div role="status" className={isShown && (first || clients.locked) ? 'accessRequestBanner' : 'spoken'}>
      {isShown && clients.locked && (
        <>
          <span>{clientsWords.lockedBanner}</span>
          <ActionButton action="lock" onPress={() => setLock(false)}>
            {clientsWords.unlock}
          </ActionButton>
        </>
      )}
      {isShown && !clients.locked && first && (
        <>
          <span>{clientsWords.waiting(first.name, clients.pending.length)}</span>
          <Push look="primary" onPress={() => go({ name: 'clients' })}>
            {clientsWords.answer}
          </Push>
        </>
      )}
    </div>
  )
}
