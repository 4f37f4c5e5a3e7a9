// The keeper over a real vault in memory, a clock a test moves and an OAuth port a test answers for.
// What is pinned here: single flight, the order of save and news, restarts, sleep, drains, and that nothing is lost.
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../app/base/log.ts'
import { Secret } from '../../app/base/secret.ts'
import { TokentrayError } from '../../app/contract/errors.ts'
import { serverConfig } from '../../app/contract/serverConfig.ts'
import type { Keeper } from '../../app/keeper/keeper.ts'
import { readToken, refreshNow } from '../../app/keeper/readToken.ts'
import type { TokenOutcome } from '../../app/oauth/port.ts'
import { SignIns } from '../../app/servers/signIns.ts'
import { openVault } from '../../app/vault/open.ts'
import type { Vault } from '../../app/vault/vault.ts'
import { fakeClock } from '../fakes/clock.ts'
import { testKeeper } from '../fakes/keeper.ts'
import { fakeOAuth, grantAt, tokensAt } from '../fakes/oauth.ts'

const minute = 60_000
const hour = 60 * minute
const failure = (fault: Exclude<TokenOutcome, { ok: true }>['fault'], detail = 'HTTP 503'): TokenOutcome => ({
  ok: false,
  fault,
  detail,
  retryAfter: null
})
const keychain = { get: async () => null, set: async () => {}, delete: async () => {} }
const cleanup: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

async function setting(
  options: { ids?: string[]; lifetime?: number; scope?: 'all' | 'asked'; refresh?: boolean; concurrency?: number } = {}
) {
  const clock = fakeClock()
  const oauth = fakeOAuth(clock)
  const vault = await openVault({ path: ':memory:', clock, keychain })
  for (const id of options.ids ?? ['one']) {
    const config = serverConfig.parse({ id, name: id, url: `https://${id}.test/mcp`, grantKind: 'authorizationCode' })
    await vault.addServer(config, { grant: grantAt(clock.now(), 0, options.lifetime, options.refresh) })
  }
  const open = (over: Vault = vault) => {
    const { concurrency = 16, scope = 'all' } = options
    const keeper = testKeeper({ vault: over, oauth, clock, concurrency, scope })
    cleanup.push(() => keeper.drain())
    return keeper
  }
  return { clock, oauth, vault, open, keeper: open() }
}
const token = async (keeper: Keeper, id = 'one') => Secret.reveal((await keeper.currentTokens(id))!.accessToken)

test('FM-08 a token is refreshed automatically before it expires, again and again', async () => {
  const { keeper, oauth, clock } = await setting()
  oauth.succeed()
  await keeper.start()
  await clock.advance(24 * hour)
  expect(oauth.renewals).toHaveLength(30) // one every 48 minutes
  expect(oauth.renewals.map(({ refreshToken }) => refreshToken)).toEqual(
    [...Array(30).keys()].map((n) => `refresh-${n}`)
  )
  expect(keeper.roster.gauges()[0]).toMatchObject({ gapMs: 0, attempts: 0 })
  expect(keeper.roster.view('one')).toMatchObject({ light: 'green', words: 'Healthy' })
})

test('FM-09 a sign-in without a refresh token and a stated end says so, and a pasted token is as well as it can be', async () => {
  const { keeper, vault, clock } = await setting({ ids: [] })
  const endless = { ...grantAt(clock.now(), 0), refreshToken: null, expiresAt: null, expirySource: 'none' as const }
  for (const grantKind of ['authorizationCode', 'staticToken'] as const) {
    const config = serverConfig.parse({ id: grantKind.toLowerCase(), name: 'x', url: 'https://x.test/mcp', grantKind })
    await vault.addServer(config, { grant: endless })
  }
  await keeper.start()
  const words = 'No refresh token; the end of the token is unknown'
  expect(keeper.roster.view('authorizationcode')).toMatchObject({ light: 'green', words, nextAt: null })
  expect(keeper.roster.view('statictoken').words).toBe('Not verified yet')
})

test('a plan that comes before all others is kept at its own time, not at the next look', async () => {
  const { keeper, vault, oauth, clock } = await setting({ ids: ['slow', 'quick'] })
  oauth.succeed()
  await keeper.start()
  await vault.commitSignIn('quick', grantAt(clock.now(), 0, 40_000))
  await keeper.signedIn('quick')
  await clock.advance(19_000)
  expect(oauth.renewals).toHaveLength(0)
  await clock.advance(2_000)
  expect(oauth.renewals.map(({ server }) => server)).toEqual(['quick'])
})

test('FM-01 a hundred requests at once refresh a server once', async () => {
  const { keeper, oauth, clock } = await setting()
  await keeper.start()
  const asked = Array.from({ length: 100 }, () => refreshNow(keeper, 'one'))
  await clock.settle()
  expect(oauth.renewals).toHaveLength(1)
  oauth.renewals[0]!.answer({ ok: true, tokens: tokensAt(clock.now(), 1) })
  await Promise.all(asked)
  expect(await token(keeper)).toBe('access-1')
})

test('start with 50 overdue grants: all fresh, several at a time, none twice', async () => {
  const ids = Array.from({ length: 50 }, (_, n) => `s${n}`)
  const { keeper, oauth, clock } = await setting({ ids, lifetime: minute })
  clock.jump(8 * hour)
  await keeper.start()
  await clock.settle()
  expect(oauth.renewals).toHaveLength(16)
  for (let n = 0; n < 50; n++) {
    oauth.renewals[n]!.answer({ ok: true, tokens: tokensAt(clock.now(), n) })
    await clock.settle()
  }
  expect(new Set(oauth.renewals.map(({ server }) => server)).size).toBe(50)
  expect(oauth.renewals).toHaveLength(50)
  expect(keeper.roster.views().every(({ state }) => state === 'fresh')).toBe(true)
})

describe('storage that fails', () => {
  const broken = (vault: Vault, ...names: (keyof Vault)[]): Vault & { mended: boolean } => {
    const proxy = new Proxy(vault as Vault & { mended: boolean }, {
      get(target, name: keyof Vault | 'mended') {
        if (name === 'mended') return target.mended
        const value = target[name]
        if (typeof value !== 'function') return value
        if (!target.mended && names.includes(name))
          return async () => {
            throw new TokentrayError('vaultUnwritable', 'The disk is full.')
          }
        return value.bind(target)
      },
      set(target, _name, value) {
        target.mended = value
        return true
      }
    })
    return proxy
  }

  test('FM-04 a rotated token that cannot be saved is held, used, and saved later without another refresh', async () => {
    const { vault, open, oauth, clock } = await setting()
    const full = broken(vault, 'commitRefresh')
    const keeper = open(full)
    oauth.answers.push(() => ({ ok: true, tokens: tokensAt(clock.now(), 1) }))
    await keeper.start()
    await clock.advance(50 * minute)
    expect(keeper.roster.view('one')).toMatchObject({ light: 'amber', fault: 'unsaved' })
    expect(keeper.roster.view('one').detail).toContain('holds it in memory')
    expect(await token(keeper)).toBe('access-1')
    full.mended = true
    await clock.advance(5 * minute)
    expect(oauth.renewals).toHaveLength(1)
    expect(Secret.reveal((await vault.readGrant('one'))!.accessToken)).toBe('access-1')
    expect(keeper.roster.view('one').light).toBe('green')
  })

  test('FM-04 a token held in memory is handed out at once, however long the vault stays unwritable', async () => {
    const { vault, open, oauth, clock } = await setting()
    const keeper = open(broken(vault, 'commitRefresh'))
    oauth.answers.push(() => ({ ok: true, tokens: tokensAt(clock.now(), 1) }))
    await keeper.start()
    await clock.advance(48 * minute)
    expect(keeper.roster.view('one')).toMatchObject({ fault: 'unsaved' })
    const read = readToken(keeper, clock, 'one', 30 * minute)
    expect(await Promise.race([read, clock.settle()])).toMatchObject({ token: 'access-1', warning: null })
  })

  test('FM-04 an unsaved token is saved during shutdown', async () => {
    const { vault, open, oauth, clock } = await setting()
    const full = broken(vault, 'commitRefresh')
    const keeper = open(full)
    oauth.answers.push(() => ({ ok: true, tokens: tokensAt(clock.now(), 1) }))
    await keeper.start()
    await clock.advance(48 * minute)
    full.mended = true
    await keeper.drain()
    expect(Secret.reveal((await vault.readGrant('one'))!.refreshToken!)).toBe('refresh-1')
  })

  test('FM-04 saved but not read back: reported as unsaved, no loop, and found stored once the vault works again', async () => {
    const { vault, open, oauth, clock } = await setting()
    let failing: keyof Vault | null = null
    const moody = new Proxy(vault, {
      get(target, name: keyof Vault) {
        const value = target[name]
        if (typeof value !== 'function') return value
        return name === failing
          ? () => Promise.reject(new TokentrayError('vaultUnwritable', 'Input or output failed.'))
          : value.bind(target)
      }
    })
    const keeper = open(moody)
    oauth.answers.push(() => ({ ok: true, tokens: tokensAt(clock.now(), 1) }))
    await keeper.start()
    failing = 'commitRefresh'
    await clock.advance(48 * minute)
    expect(keeper.roster.view('one')).toMatchObject({ fault: 'unsaved', attempt: 1 })
    failing = 'readGrant'
    const { fired } = clock
    await clock.advance(minute)
    expect(clock.fired - fired).toBeLessThan(20)
    failing = null
    await clock.advance(5 * minute)
    expect(keeper.roster.view('one')).toMatchObject({ light: 'green', state: 'fresh' })
    expect(await token(keeper)).toBe('access-1')
    expect(oauth.renewals).toHaveLength(1)
  })

  test('FM-04 no refresh token is used while the vault cannot be written', async () => {
    const { vault, open, oauth, clock } = await setting()
    const keeper = open(broken(vault, 'beginRefresh'))
    await keeper.start()
    await clock.advance(55 * minute)
    expect(oauth.renewals).toHaveLength(0)
    expect(keeper.roster.view('one').detail).toContain('No refresh was sent')
  })
})

test('FM-11 a reply without refresh token or scope keeps the old ones', async () => {
  const { keeper, vault, oauth, clock } = await setting({ ids: [] })
  const config = serverConfig.parse({
    id: 'one',
    name: 'one',
    url: 'https://one.test/mcp',
    grantKind: 'authorizationCode'
  })
  const refreshExpiresAt = clock.now() + 30 * 24 * hour
  await vault.addServer(config, { grant: { ...grantAt(clock.now()), scope: 'read write', refreshExpiresAt } })
  await keeper.start()
  oauth.answers.push(() => ({ ok: true, tokens: tokensAt(clock.now(), 1, hour, false) }))
  await refreshNow(keeper, 'one')
  const grant = (await vault.readGrant('one'))!
  expect([Secret.reveal(grant.accessToken), Secret.reveal(grant.refreshToken!)]).toEqual(['access-1', 'refresh-0'])
  expect(grant).toMatchObject({ scope: 'read write', refreshExpiresAt })
  expect(keeper.roster.view('one')).toMatchObject({ scope: 'read write', refreshExpiresAt, renewable: true })
})

describe('a save that comes with news', () => {
  /** The first commit of a refresh waits until it is let go. */
  const slow = (vault: Vault) => {
    const reached = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const over = new Proxy(vault, {
      get(target, name: keyof Vault) {
        const value = target[name]
        if (typeof value !== 'function') return value
        if (name !== 'commitRefresh') return value.bind(target)
        return async (...given: Parameters<Vault['commitRefresh']>) => {
          reached.resolve()
          await gate.promise
          return target.commitRefresh(...given)
        }
      }
    })
    return { over, reached: reached.promise, letGo: gate.resolve }
  }

  test('the token, its health and its line of history are one commit, and nothing else is written for them', async () => {
    const { vault, open, oauth, clock } = await setting()
    const written: string[] = []
    const watched = new Proxy(vault, {
      get(target, name: keyof Vault) {
        const value = target[name]
        if (typeof value !== 'function') return value
        return (...given: never[]) => {
          if (!name.startsWith('read') && name !== 'events') written.push(name)
          return (value as (...given: never[]) => unknown).apply(target, given)
        }
      }
    })
    const keeper = open(watched)
    oauth.succeed()
    await keeper.start()
    await clock.settle()
    written.length = 0
    await refreshNow(keeper, 'one')
    await clock.settle()
    expect(written.toSorted()).toEqual(['beginRefresh', 'commitRefresh', 'saveHealth'])
    expect((await vault.servers())[0]!.health).toEqual(keeper.roster.health('one'))
    expect(await vault.events('one', 1)).toEqual([keeper.roster.get('one').lastEvent])
  })

  test('what happens while it is being saved is not lost: neither in memory nor in the vault', async () => {
    const { vault, open, oauth, clock } = await setting()
    const { over, reached, letGo } = slow(vault)
    const keeper = open(over)
    oauth.succeed()
    await keeper.start()
    const asked = refreshNow(keeper, 'one')
    await reached
    keeper.dispatch('one', { type: 'accepted' })
    keeper.dispatch('one', { type: 'paused' })
    letGo()
    await asked
    await clock.settle()
    expect(keeper.roster.health('one')).toMatchObject({
      paused: true,
      acceptedAt: clock.now(),
      state: { kind: 'fresh' }
    })
    expect((await vault.servers())[0]!.health).toEqual(keeper.roster.health('one'))
  })

  test('one that is superseded stores nothing of it', async () => {
    const { vault, open, oauth, clock } = await setting()
    const { over, reached, letGo } = slow(vault)
    const keeper = open(over)
    oauth.succeed()
    await keeper.start()
    const asked = refreshNow(keeper, 'one')
    await reached
    await vault.commitSignIn('one', grantAt(clock.now(), 7))
    letGo()
    await asked
    await clock.settle()
    expect(await token(keeper)).toBe('access-7')
    expect((await vault.events('one', 10)).map(({ kind }) => kind)).toEqual(['superseded'])
    expect((await vault.servers())[0]!.health).toMatchObject({ grant: { generation: 2 }, state: { kind: 'fresh' } })
  })

  test('FM-04 with each call to the vault failing once in turn, no token is lost or used twice', async () => {
    const calls = ['beginRefresh', 'commitRefresh', 'readGrant', 'saveHealth', 'appendEvent', 'endRefresh'] as const
    for (const failing of calls) {
      const { vault, open, oauth, clock } = await setting()
      let left = 0
      const keeper = open(
        new Proxy(vault, {
          get(target, name: keyof Vault) {
            const value = target[name]
            if (typeof value !== 'function') return value
            if (name === failing && left-- > 0)
              return async () => {
                throw new TokentrayError('vaultUnwritable', 'The disk is full.')
              }
            return value.bind(target)
          }
        })
      )
      oauth.succeed()
      await keeper.start()
      left = 1
      await clock.advance(50 * minute)
      left = 0
      expect(keeper.roster.view('one'), failing).toMatchObject({ light: 'green', state: 'fresh' })
      expect(
        oauth.renewals.map(({ refreshToken }) => refreshToken),
        failing
      ).toEqual(['refresh-0'])
      expect([await token(keeper), Secret.reveal((await vault.readGrant('one'))!.refreshToken!)], failing).toEqual([
        'access-1',
        'refresh-1'
      ])
    }
  })
})

describe('races with a sign-in', () => {
  const signInDuringRefresh = async (answer: (now: number) => TokenOutcome) => {
    const { keeper, vault, oauth, clock } = await setting()
    const signIns = new SignIns({ keeper, vault, oauth, log: silentLog })
    await keeper.start()
    const refresh = refreshNow(keeper, 'one').catch(() => {})
    const { id } = await signIns.start('one')
    oauth.signIns[0]!.finish(grantAt(clock.now(), 7))
    await signIns.wait(id)
    oauth.renewals[0]!.answer(answer(clock.now()))
    await refresh
    await clock.settle()
    return { keeper, vault, oauth }
  }

  test('FM-02 a refresh that ends after a sign-in does not change it', async () => {
    const { keeper, vault } = await signInDuringRefresh((now) => ({ ok: true, tokens: tokensAt(now, 1) }))
    expect(await token(keeper)).toBe('access-7')
    expect(keeper.roster.view('one').state).toBe('fresh')
    expect((await vault.events('one', 10)).map(({ kind }) => kind)).toContain('superseded')
  })

  test('FM-02 a refresh rejected after a sign-in does not request another sign-in', async () => {
    const { keeper } = await signInDuringRefresh(() => failure('refused', 'invalid_grant'))
    expect(keeper.roster.view('one')).toMatchObject({ state: 'fresh', action: null })
    expect(await token(keeper)).toBe('access-7')
  })

  test('FM-02 however a refresh of the old grant ends, the new grant is not affected', async () => {
    const { keeper, vault, oauth, clock } = await setting()
    const signIns = new SignIns({ keeper, vault, oauth, log: silentLog })
    await keeper.start()
    const slow = refreshNow(keeper, 'one').catch(() => {})
    const { id } = await signIns.start('one')
    oauth.signIns[0]!.finish(grantAt(clock.now(), 7))
    await signIns.wait(id)
    await clock.advance(11_000)
    const next = refreshNow(keeper, 'one').catch(() => {})
    oauth.renewals[0]!.answer(failure('misconfigured', 'invalid_client'))
    await Promise.all([slow, next])
    expect(keeper.roster.view('one')).toMatchObject({ state: 'fresh', light: 'green', action: null })
    expect((await vault.events('one', 10)).map(({ kind }) => kind)).not.toContain('refreshFailed')
  })

  test('FM-06 unclear refusals are counted across restarts and end in a sign-in, after which the dead token rests', async () => {
    const { open, vault, oauth, clock } = await setting()
    clock.jump(hour)
    let keeper = open()
    for (const code of ['tokenUnavailable', 'tokenUnavailable', 'signInNeeded']) {
      keeper = open()
      oauth.answers.push(() => failure('unclear', 'invalid_request'))
      await keeper.start()
      await clock.settle()
      await expect(readToken(keeper, clock, 'one', 0)).rejects.toMatchObject({ code })
      await keeper.drain()
      // The refusal is a complete answer, so nothing is left to be heard.
      expect((await vault.readGrant('one'))!.startedAt).toBeNull()
      clock.jump(minute)
    }
    expect(oauth.renewals.map(({ refreshToken }) => refreshToken)).toEqual(Array(3).fill('refresh-0'))
    keeper = open()
    await keeper.start()
    expect(keeper.roster.view('one')).toMatchObject({ action: 'signIn', light: 'red', fault: 'unclear' })
    const tried = keeper.roster.view('one').nextAt!
    await vault.commitSignIn('one', grantAt(clock.now(), 7, 30 * hour))
    await keeper.signedIn('one')
    clock.jump(tried - clock.now())
    keeper.poke()
    await clock.advance(hour)
    expect(oauth.renewals).toHaveLength(3)
    expect(keeper.roster.view('one')).toMatchObject({ state: 'fresh', light: 'green' })
  })

  test('a refresh token that seemed dead and is accepted after all is used like any other', async () => {
    const { keeper, oauth, clock } = await setting()
    await keeper.start()
    oauth.answers.push(() => ({ ...failure('refused', 'token_revoked'), inOwnWords: true }))
    await expect(refreshNow(keeper, 'one')).rejects.toMatchObject({ code: 'signInNeeded' })
    oauth.succeed()
    await clock.advance(hour)
    expect(keeper.roster.view('one')).toMatchObject({ state: 'fresh', light: 'green', fault: null })
    expect(await token(keeper)).toBe('access-1')
  })

  test('when wrong settings are tried again is said once', async () => {
    const { keeper, oauth, clock } = await setting()
    await keeper.start()
    const refreshing = refreshNow(keeper, 'one')
    refreshing.catch(() => {})
    await clock.settle()
    oauth.renewals[0]!.answer(failure('misconfigured', 'invalid_scope'))
    const error: unknown = await refreshing.catch((reason) => reason)
    expect(String(error).match(/Tokentray retries [^.]*\./g)).toEqual(['Tokentray retries every hour.'])
  })

  test('FM-16 a failed or cancelled sign-in does not change the old grant', async () => {
    const { keeper, vault, oauth } = await setting()
    const signIns = new SignIns({ keeper, vault, oauth, log: silentLog })
    await keeper.start()
    const { id } = await signIns.start('one')
    expect(keeper.roster.view('one')).toMatchObject({ state: 'signingIn', light: 'green' })
    signIns.cancel(id)
    await expect(signIns.wait(id)).rejects.toMatchObject({ code: 'signInCancelled' })
    expect(keeper.roster.view('one')).toMatchObject({ state: 'fresh', signIn: null })
    expect(await token(keeper)).toBe('access-0')
  })

  test('a sign-in cancelled in the moment it gets ready ends, and does not keep the owner from ending', async () => {
    const { keeper, vault, oauth } = await setting()
    const begin = oauth.beginSignIn
    const ready = Promise.withResolvers<void>()
    oauth.beginSignIn = async (config, given) => {
      await ready.promise
      // Like the real one it looks at the signal before its last step, here too early to see it.
      const { promise, reject } = Promise.withResolvers<never>()
      promise.catch(() => {})
      const signIn = await begin(config, { ...given, signal: new AbortController().signal })
      return { ...signIn, grant: promise, cancel: () => reject(new TokentrayError('signInCancelled', 'Cancelled.')) }
    }
    const signIns = new SignIns({ keeper, vault, oauth, log: silentLog })
    await keeper.start()
    const started = signIns.start('one').catch(() => {})
    const closed = signIns.close()
    ready.resolve()
    await Promise.all([started, closed])
    expect(keeper.roster.view('one')).toMatchObject({ state: 'fresh', signIn: null })
  })

  test('FM-15 a second start joins the sign-in in progress instead of opening another', async () => {
    const { keeper, vault, oauth } = await setting()
    const signIns = new SignIns({ keeper, vault, oauth, log: silentLog })
    await keeper.start()
    const [a, b] = await Promise.all([signIns.start('one'), signIns.start('one')])
    expect(a.id).toBe(b.id)
    expect(oauth.signIns).toHaveLength(1)
    await signIns.close()
  })
})

describe('restarts', () => {
  test('FM-03 a refresh in flight when the process died is retried once and explained', async () => {
    const { keeper, open, oauth, clock, vault } = await setting()
    await keeper.start()
    await clock.advance(49 * minute) // sent, never answered
    expect((await vault.readGrant('one'))!.startedAt).not.toBeNull()
    const second = open()
    await second.start()
    expect(second.roster.view('one')).toMatchObject({ state: 'refreshing', light: 'amber' })
    await clock.settle()
    expect((await vault.events('one', 1))[0]).toMatchObject({ fault: 'lost' })
    expect(oauth.renewals.map(({ refreshToken }) => refreshToken)).toEqual(['refresh-0', 'refresh-0'])
    oauth.renewals[1]!.answer(failure('refused', 'invalid_grant'))
    await clock.settle()
    expect(second.roster.view('one').words).toBe('Sign-in needed: the server rejected the refresh token')
    expect(second.roster.view('one').detail).toContain('was lost, and the server rejected')
    await clock.advance(24 * hour)
    expect(oauth.renewals).toHaveLength(2)
    oauth.renewals[0]!.answer(failure('busy')) // let the first keeper drain
  })

  test('an ordinary start writes nothing', async () => {
    const { keeper, open, oauth, clock, vault } = await setting({ ids: ['a', 'b'] })
    oauth.succeed()
    await keeper.start()
    await refreshNow(keeper, 'a')
    await clock.settle()
    await keeper.drain()
    await clock.advance(minute)
    const writes: string[] = []
    const watched = new Proxy(vault, {
      get(target, name: keyof Vault) {
        const value = target[name]
        if (typeof value !== 'function') return value
        if (name !== 'serverRecords' && name !== 'uncleanStarts') writes.push(name)
        return value.bind(target)
      }
    })
    const second = open(watched)
    await second.start()
    await clock.settle()
    expect(writes).toEqual([])
    expect(second.roster.views().map(({ light }) => light)).toEqual(['green', 'green'])
  })

  test('attempts, next time and last fault are kept', async () => {
    const { keeper, open, oauth, clock } = await setting()
    for (let n = 0; n < 3; n++) oauth.answers.push(() => failure('busy'))
    await keeper.start()
    await clock.advance(48 * minute + 20_000)
    const before = keeper.roster.view('one')
    expect(before).toMatchObject({ state: 'waiting', attempt: 2, fault: 'busy' })
    await keeper.drain()
    const second = open()
    await second.start()
    const { state, attempt, nextAt, fault, faultAt, words } = second.roster.view('one')
    expect({ state, attempt, nextAt, fault, faultAt, words }).toEqual({
      state: before.state,
      attempt: before.attempt,
      nextAt: before.nextAt,
      fault: before.fault,
      faultAt: before.faultAt,
      words: before.words
    })
    oauth.succeed()
    await clock.advance(minute)
    expect(second.roster.view('one').light).toBe('green')
  })
})

test('sleep of 8 hours: refreshed once on waking, and the gap is told', async () => {
  const { keeper, oauth, clock } = await setting()
  oauth.succeed()
  await keeper.start()
  clock.jump(8 * hour)
  clock.poke()
  await clock.settle()
  expect(oauth.renewals).toHaveLength(1)
  expect(keeper.roster.view('one').light).toBe('green')
  expect(keeper.roster.gauges()[0]!.gapMs).toBe(7 * hour)
})

test.each([8 * hour, -8 * hour, 400 * 24 * hour, -400 * 24 * hour])(
  'a clock set by %i ms is noticed within a nap, and no storm follows',
  async (by) => {
    const { keeper, oauth, clock } = await setting()
    oauth.succeed()
    await keeper.start()
    clock.jump(by)
    await clock.advance(31_000)
    expect(oauth.renewals).toHaveLength(1)
    await clock.advance(5 * hour)
    expect(oauth.renewals.length).toBeLessThanOrEqual(8)
    expect(keeper.roster.view('one').light).toBe('green')
  }
)

test.each([-8 * hour, -400 * 24 * hour])(
  'a clock set back by %i ms after a refresh: the attempt in the future delays the next one by the floor, not for ever',
  async (by) => {
    const { keeper, oauth, clock } = await setting()
    oauth.succeed()
    await keeper.start()
    await clock.advance(50 * minute)
    expect(oauth.renewals).toHaveLength(1)
    clock.jump(by)
    await clock.advance(minute)
    expect(oauth.renewals).toHaveLength(2)
    await clock.advance(5 * hour)
    expect(oauth.renewals.length).toBeLessThanOrEqual(9)
    expect(keeper.roster.gauges()[0]!.gapMs).toBe(0)
  }
)

test('a clock set back during an outage, over a restart: the next attempt comes within the floor and a nap', async () => {
  const { keeper, oauth, clock, open } = await setting()
  oauth.answers = Array.from({ length: 4 }, () => () => failure('busy'))
  await keeper.start()
  await clock.advance(50 * minute)
  expect(oauth.renewals).toHaveLength(4)
  await keeper.drain()
  clock.jump(-8 * hour)
  oauth.succeed()
  const second = open()
  await second.start()
  await clock.advance(minute)
  expect(second.roster.view('one').light).toBe('green')
})

test('FM-07 an outage of a week costs one attempt every five minutes, and never loses the grant', async () => {
  const { keeper, oauth, clock } = await setting()
  oauth.answers = Array.from({ length: 5000 }, () => () => failure('offline', 'ENOTFOUND'))
  await keeper.start()
  await clock.advance(7 * 24 * hour)
  expect(oauth.renewals.length).toBeGreaterThan(1800)
  expect(oauth.renewals.length).toBeLessThan(2300)
  oauth.answers = []
  oauth.succeed()
  keeper.poke()
  await clock.advance(11_000)
  expect(keeper.roster.view('one').light).toBe('green')
})

describe('a machine about to sleep', () => {
  test('nothing new is sent, what is in flight is heard out, and waking starts with what ends first', async () => {
    const ids = ['late', 'early', 'flying']
    const { keeper, oauth, clock, vault } = await setting({ ids })
    await vault.commitSignIn('early', grantAt(clock.now() - minute))
    await keeper.start()
    const flying = refreshNow(keeper, 'flying')
    await clock.settle()
    keeper.suspend()
    oauth.renewals[0]!.answer({ ok: true, tokens: tokensAt(clock.now(), 1) })
    await flying
    const asked = refreshNow(keeper, 'late')
    clock.jump(8 * hour)
    clock.poke()
    await clock.advance(29_000)
    expect(oauth.renewals.map(({ server }) => server)).toEqual(['flying'])

    oauth.succeed()
    keeper.poke()
    await asked
    await clock.settle()
    expect(oauth.renewals.map(({ server }) => server).toSorted()).toEqual(['early', 'flying', 'flying', 'late'])
    expect(keeper.roster.views().map(({ light }) => light)).toEqual(['green', 'green', 'green'])
  })

  test('overdue ones go in the order in which their tokens end', async () => {
    const { keeper, oauth, clock, vault } = await setting({ ids: ['a', 'b', 'c'], concurrency: 1 })
    for (const [n, id] of ['a', 'c', 'b'].entries()) await vault.commitSignIn(id, grantAt(clock.now() - n * minute))
    await keeper.start()
    keeper.suspend()
    clock.jump(8 * hour)
    oauth.succeed()
    keeper.poke()
    await clock.settle()
    expect(oauth.renewals.map(({ server }) => server)).toEqual(['b', 'c', 'a'])
  })

  test('one that never says it woke goes on within 30 s of running time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constant('suspend'), fc.constant('poke'), fc.integer({ min: 1, max: 9 * hour })), {
          maxLength: 8
        }),
        fc.integer({ min: 0, max: 29_000 }),
        async (before, awake) => {
          const { keeper, oauth, clock } = await setting()
          oauth.succeed()
          await keeper.start()
          for (const step of before) {
            if (step === 'suspend') keeper.suspend()
            else if (step === 'poke') keeper.poke()
            else clock.jump(step as number)
            await clock.advance(awake)
          }
          keeper.suspend()
          clock.jump(8 * hour)
          await clock.advance(31_000)
          expect(keeper.roster.view('one').light).toBe('green')
          await clock.advance(5 * hour)
          expect(keeper.roster.view('one').light).toBe('green')
          await keeper.drain()
        }
      ),
      { numRuns: 25 }
    )
  })

  test('an owner that ends meanwhile is not held up', async () => {
    const { keeper, oauth, clock } = await setting()
    await keeper.start()
    keeper.suspend()
    const asked = refreshNow(keeper, 'one').catch(({ code }) => code)
    await clock.settle()
    await keeper.drain()
    expect(await asked).toBe('ownerStopping')
    expect(oauth.renewals).toEqual([])
  })
})

describe('drain', () => {
  test('hears out the refresh in flight and stores it', async () => {
    const { keeper, vault, oauth, clock } = await setting()
    await keeper.start()
    const asked = refreshNow(keeper, 'one').catch(() => {})
    await clock.settle()
    const drained = keeper.drain()
    oauth.renewals[0]!.answer({ ok: true, tokens: tokensAt(clock.now(), 1) })
    await drained
    await asked
    expect(Secret.reveal((await vault.readGrant('one'))!.refreshToken!)).toBe('refresh-1')
    expect((await vault.readGrant('one'))!.startedAt).toBeNull()
  })

  test('starts nothing new', async () => {
    const ids = Array.from({ length: 30 }, (_, n) => `s${n}`)
    const { keeper, oauth, clock } = await setting({ ids, lifetime: minute })
    clock.jump(hour)
    await keeper.start()
    await clock.settle()
    const drained = keeper.drain()
    for (const renewal of oauth.renewals) renewal.answer(failure('busy'))
    await drained
    expect(oauth.renewals).toHaveLength(16)
  })
})

test('a command-hosted keeper touches only the server it was asked about', async () => {
  const { keeper, oauth, clock } = await setting({ ids: ['a', 'b'], scope: 'asked' })
  oauth.succeed()
  await keeper.start()
  await clock.advance(2 * hour)
  expect(oauth.renewals).toHaveLength(0)
  await readToken(keeper, clock, 'b', minute)
  expect(oauth.renewals.map(({ server }) => server)).toEqual(['b'])
})

describe('reading a token', () => {
  test('gives a good one at once and refreshes one that is about to end', async () => {
    const { keeper, oauth, clock } = await setting()
    oauth.succeed()
    await keeper.start()
    expect(await readToken(keeper, clock, 'one', minute)).toMatchObject({ token: 'access-0', warning: null })
    expect(await readToken(keeper, clock, 'one', 3_600_000)).toMatchObject({ token: 'access-0', warning: null })
    await clock.advance(1)
    expect(await readToken(keeper, clock, 'one', 3_600_000)).toMatchObject({ token: 'access-1', warning: null })
  })

  test('a token whose whole lifetime is shorter comes with a warning', async () => {
    const { keeper, clock } = await setting({ lifetime: 30_000 })
    await keeper.start()
    const { token, warning } = await readToken(keeper, clock, 'one', minute)
    expect(token).toBe('access-0')
    expect(warning).toContain('only 30s in total')
  })

  test('a dead one needs a person, with the way out in the message', async () => {
    const { keeper, clock } = await setting({ refresh: false })
    await keeper.start()
    await clock.advance(hour)
    await expect(readToken(keeper, clock, 'one', minute)).rejects.toMatchObject({
      code: 'signInNeeded',
      message: expect.stringContaining('tokentray login one')
    })
  })

  test('FM-05 during an outage, a token that is still valid is returned with a warning, and many readers cause no extra requests', async () => {
    const { keeper, oauth, clock } = await setting()
    oauth.answers = Array.from({ length: 100 }, () => () => failure('busy'))
    await keeper.start()
    await clock.advance(59.5 * minute)
    const sent = oauth.renewals.length
    for (let n = 0; n < 50; n++)
      expect((await readToken(keeper, clock, 'one', minute)).warning).toContain('expires in 30s')
    expect(oauth.renewals).toHaveLength(sent)
    await clock.advance(minute)
    await expect(readToken(keeper, clock, 'one', minute)).rejects.toMatchObject({ code: 'serverBusy' })
  })
})
