// What a sign-in leaves behind for scopes that a request was refused for: asked for in vain, they send nobody to another.
// A real vault and keeper, and an OAuth port a test answers for.
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../app/base/log.ts'
import { TokentrayError } from '../../app/contract/errors.ts'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import { SignIns } from '../../app/servers/signIns.ts'
import { addScope, needScope } from '../../app/servers/stepUp.ts'
import { openVault } from '../../app/vault/open.ts'
import { fakeClock } from '../fakes/clock.ts'
import { testKeeper } from '../fakes/keeper.ts'
import { fakeOAuth, grantAt } from '../fakes/oauth.ts'

async function setting() {
  const clock = fakeClock()
  const oauth = fakeOAuth(clock)
  const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }
  const vault = await openVault({ path: ':memory:', clock, keychain })
  const given = { id: 'one', name: 'one', url: 'https://one.test/mcp', grantKind: 'authorizationCode' }
  await vault.addServer(serverConfig.parse(given), { grant: { ...grantAt(clock.now()), scope: 'read' } })
  const keeper = testKeeper({ vault, oauth, clock })
  onTestFinished(() => keeper.drain())
  await keeper.start()
  const signIns = new SignIns({ keeper, vault, oauth, log: silentLog })
  const stepUp = { keeper, vault, oauth }
  const begin = async () => {
    const { id } = await signIns.start('one')
    return { id, ...oauth.signIns.at(-1)!, done: signIns.wait(id) }
  }
  return {
    signIns,
    begin,
    refused: (scope: string) => needScope(stepUp, 'one', scope),
    wanted: (scope: string) => addScope(stepUp, 'one', scope),
    view: () => keeper.roster.view('one'),
    config: () => keeper.roster.config('one'),
    added: () => keeper.roster.config('one').addedScope?.split(' ') ?? [],
    async signIn(scope: string) {
      const { finish, done } = await begin()
      finish({ ...grantAt(clock.now()), scope })
      await done
    }
  }
}

test('the loopback host that the server registered a client with is used by later sign-ins', async () => {
  const s = await setting()
  const { finish, done } = await s.begin()
  const grant = grantAt(0)
  finish({ ...grant, shape: { ...grant.shape, redirectUri: 'http://localhost:5000/callback' } })
  await done
  expect(s.config().redirectHost).toBe('localhost')
})

test('scopes that a server wants are in no sign-in before a person allowed them, and raise one alarm', async () => {
  const s = await setting()
  await s.refused('files')
  expect(s.view()).toMatchObject({ action: 'grantMore', light: 'amber', missingScope: 'files' })
  expect([s.config().wantedScope, s.added()]).toEqual(['files', []])
  await s.signIn('read')
  await s.refused('files')
  expect(s.view()).toMatchObject({ state: 'fresh', action: null, missingScope: 'files' })
  await s.wanted('files')
  expect([s.config().wantedScope, s.added()]).toEqual([undefined, ['files', 'read']])
})

test('scopes that a sign-in asked for and did not get raise no alarm, unless a person wants them', async () => {
  const s = await setting()
  await s.wanted('files')
  await s.signIn('read')
  await s.refused('files')
  expect([s.view().state, s.view().action]).toEqual(['fresh', null])
  // A later sign-in goes on asking: the server may have changed its mind.
  expect(s.added()).toContain('files')
  await s.wanted('files')
  await s.signIn('read files')
  await s.refused('files more')
  expect([s.view().action, s.config().wantedScope]).toEqual(['grantMore', 'more'])
})

test('a hostile server fills neither the settings nor the screen with scopes', async () => {
  const s = await setting()
  await s.refused(Array.from({ length: 5000 }, (_, n) => `scope-${n}`).join(' '))
  await s.refused(`long-${'x'.repeat(9000)} short`)
  const wanted = s.config().wantedScope ?? ''
  expect(wanted.split(' ').length).toBeLessThanOrEqual(100)
  expect(wanted.length).toBeLessThanOrEqual(2000)
  expect(s.added()).toEqual([])
})

test('scopes that a server refuses are asked for no more, so that the next sign-in works', async () => {
  const s = await setting()
  await s.wanted('admin')
  const { id, done } = await s.begin()
  s.signIns.cancel(id)
  await expect(done).rejects.toMatchObject({ code: 'signInCancelled' })
  expect(s.added()).toEqual(expect.arrayContaining(['admin', 'read']))
  const next = await s.begin()
  next.fail(new TokentrayError('scopeRefused', 'No such scope.'))
  await expect(next.done).rejects.toMatchObject({
    code: 'scopeRefused',
    message: expect.stringContaining('no longer requested')
  })
  expect(s.added()).toEqual(['read'])
  await s.signIn('read')
  await s.refused('admin')
  expect([s.view().state, s.added()]).toEqual(['fresh', ['read']])
})
