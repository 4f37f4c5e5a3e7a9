// What each command of the contract does, on top of keeper, sign-ins and vault.
// Inputs arrive parsed; outputs leave through the contract's own schemas (see router.ts).
import type { Clock } from '../../base/clock.ts'
import type { CommandName, Output, ParsedInput } from '../../contract/commands.ts'
import type { ConnectCommandName } from '../../contract/connect.ts'
import { TokentrayError } from '../../contract/errors.ts'
import type { GatewayCommandName } from '../../contract/gateway.ts'
import type { Keeper } from '../../keeper/keeper.ts'
import { passedThrough, readToken, refreshNow, remedies } from '../../keeper/readToken.ts'
import type { Upstreams } from '../../keeper/upstreams.ts'
import { publicKeyOf } from '../../oauth/keys.ts'
import type { OAuth } from '../../oauth/port.ts'
import { changeServer } from '../../servers/changeServer.ts'
import type { ClientEndings } from '../../servers/clientDeletion.ts'
import type { DemoServers } from '../../servers/demoServers.ts'
import { buildServer, grantGiven } from '../../servers/newServer.ts'
import type { SignIns } from '../../servers/signIns.ts'
import { addScope } from '../../servers/stepUp.ts'
import { verify } from '../../servers/verifyServer.ts'
import type { OpeningCommands } from '../../vault/opening.ts'
import type { Vault } from '../../vault/vault.ts'

export type Services = {
  keeper: Keeper
  signIns: SignIns
  vault: Vault
  oauth: OAuth
  upstreams: Upstreams
  demo: Pick<DemoServers, 'start' | 'stop'>
  clock: Clock
  clientEndings: ClientEndings
  /** A server was removed for good. */
  onRemoved(server: string): void
}

export type Handlers = { [N in CommandName]: (input: ParsedInput<N>) => Promise<Output<N>> }

/** Commands that work whether or not the vault is open; core.ts has them. */
export type DoorCommand =
  | 'snapshot'
  | 'metrics'
  | 'dashboard.link'
  | 'poke'
  | 'power'
  | 'settings.read'
  | 'settings.set'
  | 'diagnostics'
  | 'owner.handOver'
  | 'owner.quit'
  | keyof OpeningCommands
export type KeepingHandlers = Omit<Handlers, DoorCommand>

/** The id behind what a person typed: an id, or a name in any case. @throws serverUnknown */
export function findServer(keeper: Keeper, typed: string): string {
  if (keeper.roster.has(typed)) return typed
  const named = keeper.roster.views().filter(({ name }) => name.toLowerCase() === typed.toLowerCase())
  if (named.length === 1 && named[0]) return named[0].id
  const known = keeper.roster.views().map(({ id }) => id)
  throw new TokentrayError(
    'serverUnknown',
    known.length === 0
      ? `There is no server called "${typed}"; add one first.`
      : `There is no server called "${typed}". Known: ${known.join(', ')}.`
  )
}

const revokeLimit = 15_000

export function createHandlers(services: Services): Omit<KeepingHandlers, GatewayCommandName | ConnectCommandName> {
  const { keeper, signIns, vault, oauth, clock, clientEndings } = services
  const find = (input: { server: string }) => findServer(keeper, input.server)
  const viewed = (id: string) => ({ view: keeper.roster.view(id) })

  /** The grant there is once no sign-in is under way that could bring another. */
  async function lastGrant(id: string) {
    await signIns.cancelServer(id)
    return vault.readGrant(id)
  }

  /** Ends the grant at the server where that is offered, then does `forget`; says in words what came of the former. */
  async function revoke(id: string, forget: () => Promise<void>): Promise<string> {
    const wasPaused = keeper.roster.health(id).paused
    // A refresh in flight would bring a token that nobody revokes.
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
    // One that could not be saved yet is the live one; the stored refresh token is spent.
    const unsaved = keeper.roster.get(id).unsaved?.tokens
    const newest = { ...grant, ...unsaved, refreshToken: unsaved?.refreshToken ?? grant.refreshToken }
    const abort = new AbortController()
    const cancel = clock.after(revokeLimit, () => abort.abort())
    const revoked = await oauth.revoke(keeper.roster.config(id), newest, abort.signal)
    cancel()
    return revoked
  }

  return {
    'server.add': async (input) => {
      const same = keeper.roster.views().find(({ url }) => url === input.url.trim())
      if (same && !input.id && !input.name && !input.keepExisting)
        throw new TokentrayError(
          'serverExists',
          `${same.id} has this address already: sign in there, or give another account at it a name of its own.`
        )
      const { config, ...secrets } = buildServer(input, keeper.roster.views(), clock.now())
      if (keeper.roster.has(config.id)) {
        if (input.keepExisting) return { ...viewed(config.id), existed: true }
        throw new TokentrayError(
          'serverExists',
          `There is already a server called "${config.id}"; choose another name.`
        )
      }
      await vault.addServer(config, secrets)
      await keeper.load(config)
      keeper.record(config.id, 'added', 'Added')
      return { ...viewed(config.id), existed: false }
    },
    'server.keys': async (input) => {
      const id = find(input)
      const key = await vault.clientSecret(id)
      if (!key || keeper.roster.config(id).clientAuth !== 'private_key_jwt')
        throw new TokentrayError(
          'inputInvalid',
          `${id} has no key: its client does not authenticate with private_key_jwt.`
        )
      return { jwks: { keys: [publicKeyOf(key)] } }
    },
    'server.set': async (input) => {
      const id = find(input)
      await keeper.changeConfig(id, async (old) => changeServer(old, await vault.clientSecret(id), input))
      keeper.record(id, 'settingsChanged', 'Settings changed')
      return viewed(id)
    },
    'server.giveToken': async (input) => {
      const id = find(input)
      const grant = grantGiven(input, keeper.roster.config(id), await vault.clientSecret(id), clock.now())
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
        services.onRemoved(id)
      })
      const client = await clientEndings.grantEnded(grant?.shape ?? null, config, true)
      return { revoked: client ? `${revoked} ${client}` : revoked }
    },
    'server.refresh': async (input) => {
      const id = find(input)
      if (keeper.roster.health(id).grant?.restored) await keeper.approveRestored(id)
      await refreshNow(keeper, id)
      return viewed(id)
    },
    'server.verify': async (input) => verify(services, find(input)),
    'demo.start': async () => ({ servers: await services.demo.start() }),
    'demo.stop': async () => {
      await services.demo.stop()
      return {}
    },
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
      // A line recorded a moment ago is on its way to the vault.
      await keeper.roster.find(id)?.saving
      return { events: await vault.events(id, input.limit) }
    },
    'server.forgetRegistration': async (input) => {
      const id = find(input)
      const { light, renewable } = keeper.roster.view(id)
      const sentence = await clientEndings.forget(keeper.roster.config(id), { works: renewable && light !== 'red' })
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
      const client = await clientEndings.grantEnded(grant?.shape ?? null, keeper.roster.config(id), false)
      const revoked = client ? `${ended} ${client}` : ended
      keeper.record(id, 'signedOut', `Signed out. ${revoked}`)
      return { ...viewed(id), revoked }
    },
    'signIn.start': async (input) => {
      const server = find(input)
      const { grantKind, mode } = keeper.roster.config(server)
      // Refused before anything begins: it is no failed sign-in for the history.
      if (grantKind === 'staticToken' || grantKind === 'refreshToken')
        throw new TokentrayError('signInFailed', `${server} has no sign-in. ${remedies[grantKind](server)}`)
      if (mode === 'passThrough') throw new TokentrayError('signInFailed', passedThrough(server))
      if (input.addScope !== undefined) await addScope(services, server, input.addScope)
      const { id, ...started } = await signIns.start(server, input.device)
      return { signIn: id, ...started }
    },
    'signIn.ready': async (input) => {
      const { id, ...started } = await signIns.ready(input.signIn)
      return { signIn: id, ...started }
    },
    'signIn.replaceClient': async (input) => {
      const { id, ...started } = await signIns.replaceClient(input.signIn)
      return { signIn: id, ...started }
    },
    'signIn.wait': async (input) => viewed(await signIns.wait(input.signIn)),
    'signIn.paste': async (input) => viewed(await signIns.paste(input.signIn, input.url)),
    'signIn.cancel': async (input) => {
      signIns.cancel(input.signIn)
      return {}
    },
    readToken: async (input) => {
      const { proof } = input
      if (!proof) return readToken(keeper, clock, find(input), input.minValid)
      oauth.noteNonce(proof.url, proof.nonce)
      return readToken(keeper, clock, find(input), input.minValid, (token) => {
        const headers = new Map(oauth.credentials(token, proof.method, proof.url))
        return headers.get('dpop') ?? null
      })
    },
    'vault.backup': async () => ({ path: await vault.backup(clock.now()) }),
    'vault.check': async () => {
      const problems = await vault.check()
      return { ok: problems.length === 0, problems }
    }
  }
}
