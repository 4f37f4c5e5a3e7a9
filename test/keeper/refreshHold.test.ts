// Starts after ends that were not clean, as a crash loop makes them: the first refresh goes alone, and then none for a while.
// The vault is a real one in memory; how many such starts there were before is what each test says.
import { expect, onTestFinished, test } from 'vitest'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import { createUpstreams } from '../../app/gateway/upstreams.ts'
import { heldWords } from '../../app/health/words.ts'
import { readToken, refreshNow } from '../../app/keeper/readToken.ts'
import { openVault } from '../../app/vault/open.ts'
import { fakeClock } from '../fakes/clock.ts'
import { testKeeper } from '../fakes/keeper.ts'
import { fakeOAuth, grantAt, tokensAt } from '../fakes/oauth.ts'

const minute = 60_000
const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }

/** Three servers: of `over` and `soon` a refresh is due, and of `over` the token has ended. */
async function start(uncleanStarts: number, scope: 'all' | 'asked' = 'all') {
  const clock = fakeClock()
  const oauth = fakeOAuth(clock)
  const vault = await openVault({ path: ':memory:', clock, keychain })
  for (const [id, ageMs] of [
    ['soon', 55 * minute],
    ['over', 70 * minute],
    ['later', 0]
  ] as const) {
    const config = serverConfig.parse({ id, name: id, url: `https://${id}.test/mcp`, grantKind: 'authorizationCode' })
    await vault.addServer(config, { grant: grantAt(clock.now() - ageMs) })
  }
  const changed: string[] = []
  const keeper = testKeeper({
    vault: { ...vault, uncleanStarts: async () => uncleanStarts },
    ...{ oauth, clock, scope },
    onChange: (id) => changed.push(id)
  })
  onTestFinished(() => keeper.drain())
  await keeper.start()
  await clock.settle()
  const sent = () => oauth.renewals.map(({ server }) => server)
  const answer = async (n: number) => {
    oauth.renewals[n]?.answer({ ok: true, tokens: tokensAt(clock.now(), n + 1) })
    await clock.settle()
  }
  return { clock, oauth, vault, keeper, changed, sent, answer }
}

test('after a clean end all refreshes go at once', async () => {
  const { sent, answer } = await start(0)
  expect(sent()).toEqual(['over', 'soon'])
  await answer(0)
  await answer(1)
})

test('after an end that was not clean the first refresh goes alone, and the others once it is stored', async () => {
  const { vault, sent, answer } = await start(1)
  expect(sent()).toEqual(['over'])
  await answer(0)
  expect((await vault.readGrant('over'))?.generation).toBe(2)
  expect(sent()).toEqual(['over', 'soon'])
  await answer(1)
})

test('a server that does not answer holds up the others for five seconds', async () => {
  const { clock, sent, answer } = await start(2)
  await clock.advance(4999)
  expect(sent()).toEqual(['over'])
  await clock.advance(1)
  expect(sent()).toEqual(['over', 'soon'])
  await answer(0)
  await answer(1)
})

test.each([
  [3, 1],
  [4, 5],
  [5, 15],
  [40, 15]
])('after %i such starts in a row nothing is refreshed for %i min', async (starts, waitMinutes) => {
  const { clock, oauth, keeper, sent } = await start(starts)
  oauth.succeed()
  keeper.poke()
  await clock.advance(waitMinutes * minute - 1)
  expect(sent()).toEqual([])
  await clock.advance(1)
  expect(sent()).toEqual(['over', 'soon'])
  expect(keeper.roster.view('over').words).toBe('Healthy')
})

test('meanwhile what is still valid is handed out, and whatever else is asked for says why', async () => {
  const { clock, vault, keeper, sent, oauth } = await start(3)
  expect(await readToken(keeper, clock, 'soon', 10 * minute)).toMatchObject({
    token: 'access-0',
    warning: `This token expires in 5m: ${heldWords}.`
  })
  const why =
    /stopped unexpectedly several times in a row, so it refreshes nothing until \d\d:\d\d\..* "tokentray refresh over"/
  await expect(readToken(keeper, clock, 'over', 0)).rejects.toMatchObject({
    code: 'tokenUnavailable',
    message: expect.stringMatching(why)
  })
  const upstreams = createUpstreams({ stepUp: { keeper, vault, oauth }, clock })
  await expect(upstreams.token('over', new AbortController().signal)).rejects.toMatchObject({
    code: 'tokenUnavailable'
  })
  expect(upstreams.retryAfter('over')).toBe(60)
  // The upstream refuses a token that lives: neither is a refresh spent, nor is the grant called dead.
  await expect(upstreams.renewed('later', 1, new AbortController().signal)).rejects.toMatchObject({
    code: 'tokenUnavailable'
  })
  expect(sent()).toEqual([])
  const at = clock.now() + minute
  expect(keeper.roster.view('soon')).toMatchObject({ light: 'amber', words: heldWords, nextAt: at })
  expect(keeper.roster.view('later')).toMatchObject({ light: 'green', words: 'Healthy' })
})

test('a person who asks for a refresh ends the wait for all', async () => {
  const { oauth, keeper, sent, changed, clock } = await start(3)
  oauth.succeed()
  changed.length = 0
  await refreshNow(keeper, 'later')
  await clock.settle()
  expect(sent().sort()).toEqual(['later', 'over', 'soon'])
  expect(changed).toEqual(expect.arrayContaining(['later', 'over', 'soon']))
  expect(keeper.heldUntil).toBeNull()
})

test('a machine that slept through the wait waits no longer', async () => {
  const { clock, keeper, oauth, sent } = await start(3)
  oauth.succeed()
  clock.jump(2 * minute)
  keeper.poke()
  await clock.settle()
  expect(sent()).toEqual(['over', 'soon'])
})

test('a command that hosts the core is not made to wait', async () => {
  const { clock, keeper, oauth } = await start(5, 'asked')
  oauth.succeed()
  expect(await readToken(keeper, clock, 'over', 0)).toMatchObject({ token: 'access-1', warning: null })
})
