// The clients page: requests for access, clients and keys with their last use, new keys, the lock, and recent activity.
// Revoking takes one click and applies from the client's next request on.
import type { ClientView } from '../app/contract/clients.ts'
import { isMetricsKey } from '../app/contract/metricsKey.ts'
import { refusalWords } from '../app/contract/refusals.ts'
import { AccessRequest } from './AccessRequest.tsx'
import { AddKey } from './AddKey.tsx'
import { revoke, setLock, useClients } from './clients.ts'
import { useClock } from './clock.ts'
import { ActionButton, Page } from './controls.tsx'
import { writeDay, writeMoment } from './durations.ts'
import { fullName, snapshots } from './store.ts'
import { clientsWords } from './words/clients.ts'

function Moment({ at }: { at: number }) {
  return <>{useClock((now) => writeMoment(at, now))}</>
}

function Row({ client, nameOf }: { client: ClientView; nameOf: (id: string) => string }) {
  const { id, kind, name, servers, always, expiresAt, lastUse } = client
  const names = (ids: readonly string[]) => ids.map(nameOf).join(', ')
  return (
    <li className="client" data-client={id}>
      <div>
        <strong>{name}</strong> <span className="host">{clientsWords.kinds[kind]}</span>
        <p className="help">
          {servers.length > 0
            ? clientsWords.uses(names(servers))
            : isMetricsKey(id)
              ? clientsWords.metricsOnly
              : clientsWords.usesNone}
          {always.length > 0 && ` ${clientsWords.alwaysFor(names(always))}`}
          {expiresAt !== null && ` ${clientsWords.until(writeDay(expiresAt))}`}
        </p>
        <p className="help">
          {lastUse ? (
            <>
              {clientsWords.lastUse(nameOf(lastUse.server))} <Moment at={lastUse.at} />
            </>
          ) : (
            clientsWords.neverUsed
          )}
        </p>
      </div>
      <ActionButton
        look="danger"
        action={`revoke ${id}`}
        aria-label={`${clientsWords.revoke}: ${name}`}
        onPress={() => revoke(id, name)}
      >
        {clientsWords.revoke}
      </ActionButton>
    </li>
  )
}

export default function Clients() {
  const known = useClients()
  const snapshot = snapshots.use()
  const { pending = [], locked = false } = snapshot?.clients ?? {}
  const nameOf = (id: string) => {
    const server = snapshot?.servers.find((server) => server.id === id)
    return server ? fullName(server) : id
  }
  return (
    <Page title={clientsWords.title}>
      <p className="lead">{clientsWords.lead}</p>
      {pending.map((each) => (
        <AccessRequest key={each.request} pending={each} />
      ))}
      <section>
        <h2 className="cap">{clientsWords.letIn}</h2>
        {known && known.clients.length === 0 && <p className="help">{clientsWords.none}</p>}
        <ul className="clients">
          {known?.clients.map((client) => (
            <Row key={client.id} client={client} nameOf={nameOf} />
          ))}
        </ul>
        <AddKey />
      </section>
      {known && known.refused.length > 0 && (
        <section>
          <h2 className="cap">{clientsWords.refused}</h2>
          <p className="help">{clientsWords.refusedHelp}</p>
          <ul className="clients">
            {known.refused.map(({ kind, times, lastAt, detail }) => (
              <li key={kind} className="use" data-refused={kind}>
                <span>{clientsWords.refusedTimes(refusalWords[kind], times, detail)}</span>
                <span className="host">
                  <Moment at={lastAt} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h2 className="cap">{clientsWords.lockTitle}</h2>
        <p className="help">{locked ? clientsWords.lockedHelp : clientsWords.lockHelp}</p>
        <div className="acts">
          <ActionButton look={locked ? 'primary' : 'danger'} action="lock" onPress={() => setLock(!locked)}>
            {locked ? clientsWords.unlock : clientsWords.lock}
          </ActionButton>
        </div>
      </section>
      {known && known.uses.length > 0 && (
        <section>
          <h2 className="cap">{clientsWords.activity}</h2>
          <ul className="clients">
            {known.uses.map((use) => (
              <li key={`${use.client} ${use.server} ${use.firstAt}`} className="use">
                <span>{clientsWords.used(use.name, nameOf(use.server), use.requests)}</span>
                <span className="host">
                  <Moment at={use.lastAt} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Page>
  )
}
