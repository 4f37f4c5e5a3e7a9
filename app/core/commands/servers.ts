// Handlers of the commands on servers: adding, changing, removing, refreshing, checking and signing out of them.
// Before a grant is deleted it is revoked at the server where that is offered (RFC 7009).
import { withTimeout } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { createQueue } from '../../base/queue.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { withScheme } from '../../contract/newServer.ts'
import type { serverCommands } from '../../contract/servers.ts'
import type { Keeper } from '../../keeper/keeper.ts'
import { refreshNow } from '../../keeper/readToken.ts'
import type { Upstreams } from '../../keeper/upstreams.ts'
import { publicKeyOf } from '../../oauth/keys.ts'
import type { OAuth } from '../../oauth/port.ts'
import { changeServer } from '../../servers/changeServer.ts'
import type { ClientDeletion } from '../../servers/clientDeletion.ts'
import { buildServer, chooseId, grantFromTokens } from '../../servers/newServer.ts'
import type { SignIns } from '../../servers/signIns.ts'
import { declineScopes } from '../../servers/stepUp.ts'
import { verifyServer } from '../../servers/verifyServer.ts'
import type { Vault } from '../../vault/vault.ts'
import { findServer } from './findServer.ts'
import type { HandlersOf } from './handlers.ts'

const revokeTimeoutMs = 15_000

export function createServerHandlers(o: {
  keeper: Keeper
  signIns: SignIns
  vault: Vault
  oauth: OAuth
  upstreams: Upstreams
  clock: Clock
  clientDeletion: ClientDeletion
  /** Aborted, with the reason, when the core closes: nothing is looked for any more. */
  closing: AbortSignal
  /** A person can see these servers now. */
  onShown(servers: readonly string[]): void
  /** A server was removed for good. */
  onRemoved(server: string): void
}): HandlersOf<keyof typeof serverCommands> {
  const { keeper, signIns, vault, oauth, clock, clientDeletion } = o
  const find = (input: { server: string }) => findServer(keeper, input.server)
  const inTurn = createQueue()
  const viewed = (id: string) => ({ view: keeper.roster.view(id) })

  /** The current grant, after cancelling a sign-in that could bring another one. */
  async function lastGrant(id: string) {
    await signIns.cancelServer(id)
    return vault.readGrant(id)
  }

  /** Revokes the grant at the server if it offers that, then calls `forget`. @returns a sentence on the revocation */
  async function revoke(id: string, forget: () => Promise<void>): Promise<string> {
    const wasPaused = keeper.roster.health(id).paused
    // A refresh in flight would bring a new token after the old one was revoked.
    keeper.dispatch(id, { type: 'paused' })
    try {
      await keeper.settled(id)
      const revoked = await revokeNewest(id)
      await forget()
      return revoked
    } finally {
      // Also where it failed: a server that was left paused would never be refreshed again.
      if (!wasPaused) keeper.dispatch(id, { type: 'resumed' })
    }
  }

  async function revokeNewest(id: string): Promise<string> {
    const grant = await vault.readGrant(id)
    if (!grant) return 'There was nothing to revoke.'
    // A token that could not be saved yet is the valid one; the stored refresh token has been used.
    const unsaved = keeper.roster.get(id).unsaved?.tokens
    const newest = { ...grant, ...unsaved, refreshToken: unsaved?.refreshToken ?? grant.refreshToken }
    return withTimeout(clock, revokeTimeoutMs, (signal) => oauth.revoke(keeper.roster.config(id), newest, signal))
  }

  return {
    'server.find': async (input) => {
      chooseId(input, keeper.roster.configs())
      const url = await oauth.findServer({ ...input, url: withScheme(input.url) }, o.closing)
      chooseId({ ...input, url }, keeper.roster.configs())
      return { url }
    },
    'server.add': (input) =>
      // In turn, so that of two with one URL the second one sees the first.
      inTurn('add', async () => {
        const { config, exists, ...secrets } = buildServer(input, keeper.roster.configs(), clock.now())
        if (!exists) {
          await vault.addServer(config, secrets)
          await keeper.load(config.id)
          keeper.record(config.id, 'added', 'Added')
        }
        return { ...viewed(config.id), existed: exists }
      }),
    'server.keys': async (input) => {
      const id = find(input)
      const key = await vault.clientSecret(id)
      if (!key || keeper.roster.config(id).clientAuth !== 'private_key_jwt')
        throw new TokentrayError(
          'inputInvalid',
          `${id} has no key, because its client does not authenticate with private_key_jwt.`
        )
      return { jwks: { keys: [publicKeyOf(key)] } }
    },
    'server.set': async (input) => {
      const id = find(input)
      await keeper.changeConfig(id, async (old) => changeServer(old, await vault.clientSecret(id), input))
      if (input.declineScopes) await declineScopes(keeper, id)
      keeper.record(id, 'settingsChanged', 'Settings changed')
      return viewed(id)
    },
    'server.giveToken': async (input) => {
      const id = find(input)
      const grant = grantFromTokens(input, keeper.roster.config(id), await vault.clientSecret(id), clock.now())
      await vault.commitSignIn(id, grant)
      await keeper.signedIn(id)
      return viewed(id)
    },
    'server.remove': async (input) => {
      const id = find(input)
      const config = keeper.roster.config(id)
      const grant = await lastGrant(id)
      const revoked = await revoke(id, async () => {
        await vault.removeServer(id)
        keeper.forget(id)
        o.onRemoved(id)
      })
      const client = await clientDeletion.grantEnded(grant?.shape ?? null, config, true)
      return { revoked: client ? `${revoked} ${client}` : revoked }
    },
    'server.refresh': async (input) => {
      const id = find(input)
      if (keeper.roster.health(id).grant?.restored) await keeper.approveRestored(id)
      await refreshNow(keeper, id)
      return viewed(id)
    },
    'servers.endHold': async () => {
      keeper.endHold()
      return {}
    },
    'server.verify': async (input) => verifyServer(o, find(input), input.routine),
    'servers.shown': async ({ servers }) => {
      o.onShown(servers)
      return {}
    },
    'server.icon': async (input) => ({ picture: await vault.icon(find(input)) }),
    'server.pause': async (input) => {
      const id = find(input)
      if (!keeper.roster.health(id).paused) keeper.record(id, 'paused', 'Paused')
      keeper.dispatch(id, { type: 'paused' })
      return viewed(id)
    },
    'server.resume': async (input) => {
      const id = find(input)
      if (keeper.roster.health(id).paused) keeper.record(id, 'resumed', 'Resumed')
      keeper.dispatch(id, { type: 'resumed' })
      keeper.tick()
      return viewed(id)
    },
    'server.history': async (input) => {
      const id = find(input)
      // An event recorded a moment ago may still be on its way to the vault.
      await keeper.roster.find(id)?.saving
      return { events: await vault.events(id, input.limit) }
    },
    'server.forgetRegistration': async (input) => {
      const id = find(input)
      const { light, renewable } = keeper.roster.view(id)
      const sentence = await clientDeletion.forgetRegistration(keeper.roster.config(id), {
        works: renewable && light !== 'red'
      })
      keeper.record(id, 'settingsChanged', sentence)
      return { ...viewed(id), sentence }
    },
    'server.signOut': async (input) => {
      const id = find(input)
      const grant = await lastGrant(id)
      const ended = await revoke(id, async () => {
        const newest = await vault.readGrant(id)
        if (newest) await vault.deleteGrant(id, newest.generation)
        keeper.signedOut(id)
      })
      const client = await clientDeletion.grantEnded(grant?.shape ?? null, keeper.roster.config(id), false)
      const revoked = client ? `${ended} ${client}` : ended
      keeper.record(id, 'signedOut', `Signed out. ${revoked}`)
      return { ...viewed(id), revoked }
    }
  }
}
