// What ends a grant: signing out and removing, over a real vault and an OAuth port a test answers for.
// Pinned here: a failure on the way leaves a server as it was, and what is revoked is the newest token there is.
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../../app/base/log.ts'
import { Secret } from '../../../app/base/secret.ts'
import { TokentrayError } from '../../../app/contract/errors.ts'
import { serverConfig } from '../../../app/contract/serverConfig.ts'
import { createServerHandlers } from '../../../app/core/commands/servers.ts'
import { createSignInHandlers } from '../../../app/core/commands/signIns.ts'
import { createTokenHandlers } from '../../../app/core/commands/tokens.ts'
import { createUpstreams } from '../../../app/gateway/upstreams.ts'
import { ClientDeletion } from '../../../app/servers/clientDeletion.ts'
import { SignIns } from '../../../app/servers/signIns.ts'
import { openVault } from '../../../app/vault/open.ts'
import type { Vault } from '../../../app/vault/vault.ts'
import { fakeClock } from '../../fakes/clock.ts'
import { testKeeper } from '../../fakes/keeper.ts'
import { fakeOAuth, grantAt, tokensAt } from '../../fakes/oauth.ts'

const minute = 60_000
const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }

/** `failing`: vault calls that reject for as long as they are named here. */
async function setting(failing: Set<keyof Vault>) {
  const clock = fakeClock()
  const oauth = fakeOAuth(clock)
  const stored = await openVault({ path: ':memory:', clock, keychain })
  const held: { before?: Promise<void>; reached?: () => void } = {}
  const vault = new Proxy(stored, {
    get(target, name: keyof Vault) {
      const value = target[name]
      if (typeof value !== 'function') return value
      if (name === 'commitSignIn' && held.before)
        return async (...given: Parameters<Vault['commitSignIn']>) => {
          held.reached?.()
          await held.before
          return target.commitSignIn(...given)
        }
      return failing.has(name)
        ? () => Promise.reject(new TokentrayError('vaultUnwritable', 'The disk is full.'))
        : value.bind(target)
    }
  })
  const config = serverConfig.parse({
    id: 'one',
    name: 'one',
    url: 'https://one.test/mcp',
    grantKind: 'authorizationCode'
  })
  await stored.addServer(config, { grant: grantAt(clock.now()) })
  const keeper = testKeeper({ vault, oauth, clock })
  onTestFinished(() => keeper.drain())
  const signIns = new SignIns({ keeper, vault, oauth, log: silentLog })
  const handlers = {
    ...createServerHandlers({
      ...{ keeper, signIns, vault, oauth, clock },
      upstreams: createUpstreams({ stepUp: { keeper, vault, oauth }, clock }),
      clientDeletion: new ClientDeletion({ vault, oauth, clock, log: silentLog, isSigningIn: () => false }),
      closing: new AbortController().signal,
      onShown: () => {},
      onRemoved: () => {}
    }),
    ...createSignInHandlers({ keeper, signIns, vault, oauth }),
    ...createTokenHandlers({ keeper, oauth, clock })
  }
  await keeper.start()
  return { clock, oauth, keeper, handlers, signIns, vault: stored, held }
}

test.each([
  ['server.signOut', 'deleteGrant'],
  ['server.remove', 'removeServer']
] as const)(
  '%s that fails at the vault does not leave the server paused: it is kept fresh as before',
  async (command, call) => {
    const { keeper, handlers, oauth, clock } = await setting(new Set([call]))
    oauth.succeed()
    await expect(handlers[command]({ server: 'one' })).rejects.toMatchObject({ code: 'vaultUnwritable' })
    expect(keeper.roster.view('one')).toMatchObject({ paused: false, state: 'fresh' })
    await clock.advance(50 * minute)
    expect(oauth.renewals).toHaveLength(1)
  }
)

test('history holds what was recorded a moment ago', async () => {
  const { keeper, handlers } = await setting(new Set())
  keeper.record('one', 'settingsChanged', 'just now')
  const { events } = await handlers['server.history']({ server: 'one', limit: 10 })
  expect(events.map(({ detail }) => detail)).toContain('just now')
})

test('a server that was paused before is paused after a sign-out too', async () => {
  const { keeper, handlers } = await setting(new Set())
  await handlers['server.pause']({ server: 'one' })
  await handlers['server.signOut']({ server: 'one' })
  expect(keeper.roster.view('one')).toMatchObject({ paused: true, state: 'signedOut' })
})

test('signing out with a new token still unsaved revokes that one, not the spent one in the vault', async () => {
  const failing = new Set<keyof Vault>(['commitRefresh'])
  const { clock, oauth, handlers } = await setting(failing)
  const revoked: string[] = []
  oauth.revoke = async (_config, grant) => {
    revoked.push(Secret.reveal(grant.refreshToken!), Secret.reveal(grant.accessToken))
    return 'Revoked.'
  }
  oauth.answers.push(() => ({ ok: true, tokens: tokensAt(clock.now(), 1) }))
  await clock.advance(48 * minute)
  await handlers['server.signOut']({ server: 'one' })
  expect(revoked).toEqual(['refresh-1', 'access-1'])
})

test('signing out while a sign-in is being stored ends that one too, and revokes what it brought', async () => {
  const { clock, oauth, handlers, keeper, signIns, vault, held } = await setting(new Set())
  const revoked: string[] = []
  oauth.revoke = async (_config, grant) => {
    revoked.push(Secret.reveal(grant.accessToken))
    return 'Revoked.'
  }
  const [gate, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  Object.assign(held, { before: gate.promise, reached: reached.resolve })
  await signIns.start('one')
  oauth.signIns[0]!.finish(grantAt(clock.now(), 7))
  await reached.promise
  const signedOut = handlers['server.signOut']({ server: 'one' })
  await clock.settle()
  gate.resolve()
  await signedOut
  await clock.settle()
  expect([await vault.readGrant('one'), keeper.roster.view('one').state]).toEqual([null, 'signedOut'])
  expect(revoked).toEqual(['access-7'])
})

test('a sign-in begun right after another was cancelled is one of its own, and not its failure', async () => {
  const { clock, oauth, signIns, vault } = await setting(new Set())
  const { id } = await signIns.start('one')
  signIns.cancel(id)
  const again = await signIns.start('one')
  expect(again.id).not.toBe(id)
  oauth.signIns.at(-1)!.finish(grantAt(clock.now(), 7))
  await signIns.wait(again.id)
  expect(Secret.reveal((await vault.readGrant('one'))!.accessToken)).toBe('access-7')
})

test('a paused server is not refreshed for a reader of its token either', async () => {
  const { clock, oauth, handlers } = await setting(new Set())
  oauth.succeed()
  await handlers['server.pause']({ server: 'one' })
  await clock.advance(59 * minute)
  const read = (minValid: number) => handlers.readToken({ server: 'one', minValid } as never)
  expect(await read(5 * minute)).toMatchObject({ token: 'access-0', warning: expect.any(String) })
  await clock.advance(2 * minute)
  await expect(read(0)).rejects.toMatchObject({ code: 'tokenUnavailable', message: expect.stringContaining('paused') })
  expect(oauth.renewals).toHaveLength(0)
})

test('a client of one’s own belongs to the issuer that its first sign-in found', async () => {
  const { clock, oauth, signIns, vault } = await setting(new Set())
  const finish = async (registration: 'dynamic' | 'preRegistered', issuer: string) => {
    const { id } = await signIns.start('one')
    const grant = grantAt(clock.now())
    oauth.signIns.at(-1)!.finish({ ...grant, shape: { ...grant.shape, registration, issuer } })
    await signIns.wait(id)
    return (await vault.servers())[0]?.config.clientIssuer
  }
  expect(await finish('dynamic', 'https://registers.test')).toBeUndefined()
  expect(await finish('preRegistered', 'https://first.test')).toBe('https://first.test')
  expect(await finish('preRegistered', 'https://second.test')).toBe('https://first.test')
})

test('an address that is known already is not added twice without a name of its own', async () => {
  const { handlers } = await setting(new Set())
  const add = handlers['server.add']
  const input = { url: 'https://one.test/mcp' } as Parameters<typeof add>[0]
  await expect(add(input)).rejects.toMatchObject({
    code: 'serverExists',
    message: expect.stringContaining('one already has this URL')
  })
  expect((await add({ ...input, id: 'second' })).view.id).toBe('second')
  expect((await add({ ...input, keepExisting: true })).existed).toBe(true)
})

test('a token given by hand has no sign-in: the way out is named, and history hears nothing of it', async () => {
  const { handlers, vault } = await setting(new Set())
  const add = handlers['server.add']
  await add({ url: 'https://two.test/mcp', accessToken: 'given' } as Parameters<typeof add>[0])
  await expect(handlers['signIn.start']({ server: 'two' })).rejects.toMatchObject({
    code: 'signInFailed',
    message: expect.stringContaining('tokentray set two --token-file')
  })
  expect((await vault.events('two', 10)).map(({ kind }) => kind)).toEqual(['added'])
})

test('refreshing a living token without a refresh token changes nothing and says why', async () => {
  const { handlers, keeper } = await setting(new Set())
  const add = handlers['server.add']
  await add({ url: 'https://two.test/mcp', accessToken: 'given' } as Parameters<typeof add>[0])
  await expect(handlers['server.refresh']({ server: 'two' })).rejects.toMatchObject({
    code: 'signInNeeded',
    message: expect.stringContaining('has no refresh token')
  })
  expect(keeper.roster.view('two')).toMatchObject({ light: 'green', state: 'fresh', action: null })
  expect(await handlers.readToken({ server: 'two', minValid: 60_000 })).toMatchObject({ token: 'given', warning: null })
})

test('of two changes of settings made at once neither is lost', async () => {
  const { handlers, keeper } = await setting(new Set())
  await Promise.all([
    handlers['server.set']({ server: 'one', name: 'First' }),
    handlers['server.set']({ server: 'one', redirectPort: 4000 })
  ])
  expect(keeper.roster.config('one')).toMatchObject({ name: 'First', redirectPort: 4000 })
})

test('a changed schedule and redirect port take hold at once; null gives the port back to the system', async () => {
  const { handlers, keeper } = await setting(new Set())
  const before = keeper.roster.view('one')
  await handlers['server.set']({ server: 'one', schedule: { refreshFraction: 0.6 }, redirectPort: 4000 })
  expect(keeper.roster.view('one').nextAt! - before.obtainedAt!).toBe(36 * minute)
  expect(keeper.roster.config('one').redirectPort).toBe(4000)
  await handlers['server.set']({ server: 'one', redirectPort: null })
  expect(keeper.roster.config('one').redirectPort).toBeUndefined()
})
