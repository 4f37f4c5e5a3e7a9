// Each fault of the fault layer, met by a real client on a real connection.
// "Before" and "after" are told apart by what the provider's own events say.
import { afterEach, describe, expect, test } from 'vitest'
import { type Authority, startAuthority } from '../../app/demo/authority.ts'
import { createFaults } from '../../app/demo/faults.ts'
import { refresh, signIn, type TokenReply } from './client.ts'

const resource = 'http://127.0.0.1:9/mcp'
const started: Authority[] = []
/** Timers of the fault layer wait here until the test lets them go. */
const timers: { length: number; wake: () => void }[] = []
const clock = {
  now: () => Date.now(),
  alarm: () => () => undefined,
  after: (length: number, wake: () => void) => {
    timers.push({ length, wake })
    return () => undefined
  },
  poke: () => undefined
}

async function signedIn() {
  const authority = await startAuthority({ accessTokenTtl: 3600, clock })
  started.push(authority)
  const { clientId, tokens } = await signIn(authority.issuer, { resource })
  const renew = (signal?: AbortSignal) => refresh(authority.issuer, clientId, tokens.refresh_token, signal)
  const refreshed = () => authority.events.filter(({ kind }) => kind === 'refreshed').length
  return { authority, clientId, renew, refreshed }
}

afterEach(async () => {
  timers.length = 0
  await Promise.all(started.splice(0).map((authority) => authority.stop()))
})

describe('a fault never reaches the provider, and is over after one request:', () => {
  test.each([
    ['503', 503, 'text/plain', '7'],
    ['429', 429, 'text/plain', '7'],
    ['500', 500, 'text/plain', null],
    ['html', 200, 'text/html', null]
  ] as const)('%s', async (kind, status, type, retryAfter) => {
    const { authority, clientId, renew, refreshed } = await signedIn()
    authority.faults.next(kind, 1, { retryAfter: 7 })
    const reply = await renew()
    expect(reply.status).toBe(status)
    expect(reply.headers.get('content-type')).toBe(type)
    expect(reply.headers.get('retry-after')).toBe(retryAfter)
    expect(refreshed()).toBe(0)
    expect(authority.events.at(-1)).toMatchObject({ kind: 'faultMade', clientId, detail: kind })
    expect((await renew()).status).toBe(200)
  })

  test('garbled', async () => {
    const { authority, renew, refreshed } = await signedIn()
    authority.faults.next('garbled')
    const reply = await renew()
    expect(reply.headers.get('content-type')).toBe('application/json')
    await expect(reply.json()).rejects.toThrow(SyntaxError)
    expect(refreshed()).toBe(0)
    expect((await renew()).status).toBe(200)
  })

  test.each([
    ['invalid_grant', 400],
    ['invalid_client', 401]
  ] as const)('%s', async (kind, status) => {
    const { authority, renew, refreshed } = await signedIn()
    authority.faults.next(kind)
    const reply = await renew()
    expect(reply.status).toBe(status)
    expect(await reply.json()).toMatchObject({ error: kind })
    expect(refreshed()).toBe(0)
    expect((await renew()).status).toBe(200)
  })

  test('cutBefore', async () => {
    const { authority, renew, refreshed } = await signedIn()
    authority.faults.next('cutBefore')
    await expect(renew()).rejects.toThrow('fetch failed')
    expect(refreshed()).toBe(0)
    expect((await renew()).status).toBe(200)
  })

  test('hang', async () => {
    const { authority, renew, refreshed } = await signedIn()
    authority.faults.next('hang')
    const giveUp = new AbortController()
    const reply = renew(giveUp.signal)
    await authority.seen(({ kind }) => kind === 'faultMade')
    giveUp.abort()
    await expect(reply).rejects.toThrow('aborted')
    expect(refreshed()).toBe(0)
    expect((await renew()).status).toBe(200)
  })
})

test('cutAfter: the provider rotates, the client hears nothing, its retry is a reuse', async () => {
  const { authority, renew, refreshed } = await signedIn()
  authority.faults.next('cutAfter')
  await expect(renew()).rejects.toThrow('fetch failed')
  await authority.seen(({ kind }) => kind === 'refreshed')
  expect(refreshed()).toBe(1)
  expect(await (await renew()).json()).toMatchObject({ error: 'invalid_grant' })
  expect(authority.events.at(-1)?.kind).toBe('reuseDetected')
})

test('slow: answered in full once the delay is over', async () => {
  const { authority, renew, refreshed } = await signedIn()
  authority.faults.next('slow', 1, { delay: 1234 })
  const reply = renew()
  await authority.seen(({ kind }) => kind === 'faultMade')
  expect(refreshed()).toBe(0)
  expect(timers.map(({ length }) => length)).toEqual([1234])
  timers[0]?.wake()
  expect(((await (await reply).json()) as TokenReply).access_token).toEqual(expect.any(String))
})

test('metadata can fail too', async () => {
  const { authority } = await signedIn()
  authority.faults.next('503', 1, { match: { path: '/.well-known/' } })
  const url = `${authority.issuer}/.well-known/oauth-authorization-server`
  expect((await fetch(url)).status).toBe(503)
  expect((await fetch(url)).status).toBe(200)
})

test('one client can be flaky while another is steady', async () => {
  const { authority, clientId, renew } = await signedIn()
  const steady = await signIn(authority.issuer, { resource: 'http://127.0.0.1:9/steady' })
  authority.faults.next('500', Number.POSITIVE_INFINITY, { match: { clientId } })
  expect((await renew()).status).toBe(500)
  expect((await refresh(authority.issuer, steady.clientId, steady.tokens.refresh_token)).status).toBe(200)
  expect((await renew()).status).toBe(500)
  authority.faults.clear()
  expect((await renew()).status).toBe(200)
})

describe('the queue', () => {
  const facts = { path: '/token', clientId: 'a', resource: null, grantType: 'refresh_token' }

  test('serves what was asked first, as often as asked, then the rule', () => {
    const faults = createFaults()
    faults.decide(() => ({ kind: 'hang' }))
    faults.next('500', 2)
    faults.next('503', 1, { retryAfter: 9 })
    const taken = [1, 2, 3, 4].map(() => faults.take(facts))
    expect(taken).toEqual([{ kind: '500' }, { kind: '500' }, { kind: '503', retryAfter: 9 }, { kind: 'hang' }])
  })

  test.each([
    [{}, true],
    [{ clientId: 'a', grantType: 'refresh_token' }, true],
    [{ clientId: 'b' }, false],
    [{ resource: 'http://127.0.0.1/x' }, false],
    [{ path: '/reg' }, false],
    [{ path: '/' }, true]
  ])('match %j: %s', (match, expected) => {
    const faults = createFaults()
    faults.next('500', 1, { match })
    expect(faults.take(facts) !== null).toBe(expected)
  })
})
