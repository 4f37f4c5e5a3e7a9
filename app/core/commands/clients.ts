// Handlers of the commands on the gateway's clients: listing, consent, revoking, named keys, activity and the lock.
// A new key leaves the process here, in the answer of `clients.addKey`, and nowhere else.
import type { Clock } from '../../base/clock.ts'
import { expose } from '../../base/secret.ts'
import type { ClientView, clientCommands } from '../../contract/clients.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { metricsKeyPrefix } from '../../contract/metricsKey.ts'
import type { Access } from '../../gateway/access/access.ts'
import { hashOf, mint, type RandomBytes } from '../../gateway/access/credentials.ts'
import type { Refusals } from '../../gateway/access/refusals.ts'
import { type ClientSummary, idleKeyMs, type KeySummary, type LocalAccess } from '../../vault/localAccess.ts'
import type { HandlersOf } from './handlers.ts'

const maxKeys = 500

const viewClient = (it: ClientSummary): ClientView => ({
  id: it.id,
  kind: 'oauth',
  name: it.name,
  redirectUris: it.redirectUris,
  servers: it.servers,
  always: it.always,
  since: it.approvedAt ?? it.registeredAt,
  expiresAt: null,
  lastUse: it.lastUse
})

const viewKey = (it: KeySummary): ClientView => ({
  id: it.id,
  kind: 'key',
  name: it.name,
  redirectUris: [],
  servers: it.servers,
  always: [],
  since: it.madeAt,
  expiresAt: it.expiresAt,
  ...(it.isPublic && { public: true }),
  lastUse: it.lastUse
})

/** `findServer`: the id of the server a person named; throws `serverUnknown`. */
export function createClientHandlers(o: {
  access: Access
  local: LocalAccess
  clock: Clock
  randomBytes: RandomBytes
  findServer(typed: string): string
  refused: Refusals['views']
}): HandlersOf<keyof typeof clientCommands> {
  const { access, local, clock, randomBytes } = o
  const findServers = (typed: readonly string[]) => [...new Set(typed.map(o.findServer))]

  async function list(): Promise<ClientView[]> {
    await access.writeActivity()
    const [clients, keys] = [await local.clients(clock.now()), await local.keys()]
    return [...clients.map(viewClient), ...keys.map(viewKey), ...access.bridgeKeys.list().map(viewKey)]
  }

  /** The client with this id, or the only one with this name. */
  async function findClient(typed: string): Promise<ClientView> {
    const all = await list()
    const found = all.filter(({ id }) => id === typed)
    if (found.length === 0) found.push(...all.filter(({ name }) => name.toLowerCase() === typed.toLowerCase()))
    if (found.length === 1 && found[0]) return found[0]
    throw new TokentrayError(
      'clientUnknown',
      found.length === 0
        ? `There is no client or key named "${typed}". Run "tokentray clients list" to see them.`
        : `Several clients are named "${typed}". Use an ID from "tokentray clients list".`
    )
  }

  return {
    'clients.list': async () => {
      const { pending, locked } = access.view()
      return { clients: await list(), pending, locked, refused: o.refused() }
    },
    'clients.allow': async ({ request, servers, always }) => {
      await access.allow(request, servers && findServers(servers), always)
      return {}
    },
    'clients.allowNext': async ({ name, servers, redirectHost, validFor }) => {
      const givenAt = clock.now()
      const expiresAt = givenAt + validFor
      const id = randomBytes(12).toString('base64url')
      await local.addEarlyConsent({ id, name, servers: findServers(servers), redirectHost, givenAt, expiresAt })
      return { expiresAt }
    },
    'clients.deny': async ({ request }) => {
      access.deny(request)
      return {}
    },
    'clients.revoke': async ({ client, inMs }) => {
      const { id, name } = await findClient(client)
      if (inMs === undefined) await access.revoke(id)
      else await access.endKey(id, clock.now() + inMs)
      return { name }
    },
    'clients.addKey': async ({ name, servers, metrics, validFor, public: isPublic = false }) => {
      if (metrics === servers.length > 0)
        throw new TokentrayError('inputInvalid', 'A key is either for servers or for metrics. Choose one of the two.')
      const keys = await local.keys()
      if (keys.some((key) => key.name.toLowerCase() === name.toLowerCase()))
        throw new TokentrayError(
          'clientExists',
          `A key named "${name}" already exists. Revoke it or choose another name.`
        )
      if (keys.length >= maxKeys)
        throw new TokentrayError(
          'inputInvalid',
          `There are already ${maxKeys} keys. Revoke the ones you no longer use.`
        )
      const key = mint(randomBytes, 'key')
      const now = clock.now()
      const added = {
        id: (metrics ? metricsKeyPrefix : '') + randomBytes(12).toString('base64url'),
        name,
        madeAt: now,
        expiresAt: now + (validFor ?? idleKeyMs),
        idleMs: validFor === undefined ? idleKeyMs : null,
        isPublic,
        servers: findServers(servers)
      }
      await local.addKey(added, hashOf(key))
      access.changed()
      return { key: expose(key), client: viewKey({ ...added, lastUse: null }) }
    },
    'clients.activity': async ({ client, limit }) => {
      await access.writeActivity()
      // A revoked client is no longer listed, but its activity can still be read by its id.
      const id =
        client === undefined
          ? undefined
          : await findClient(client).then(
              (it) => it.id,
              () => client
            )
      return { uses: await local.uses(limit, id) }
    },
    'gateway.lock': async () => {
      await access.setLock(true)
      return { locked: true }
    },
    'gateway.unlock': async (_, linkedAt) => {
      if (linkedAt !== undefined && !access.mayUnlock(linkedAt))
        throw new TokentrayError(
          'sessionNeeded',
          'This page was opened before the gateway was locked, so it cannot unlock it. Run "tokentray unlock", or open the dashboard again with "tokentray open".'
        )
      await access.setLock(false)
      return { locked: false }
    }
  }
}
