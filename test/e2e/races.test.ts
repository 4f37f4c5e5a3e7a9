// Commands, owners and signals meeting in the middle of a refresh: one winner, nothing lost, no refresh token spent twice.
// "In the middle" is told by the authorization server: it has the request and has not answered yet.
import { expect, test } from 'vitest'
import { approve } from '../../app/demo/person.ts'
import { addOverdue, type Home, makeHome, makeUpstream, type Upstream, until, viewOf } from './harness.ts'

const floor = { schedule: { floor: 1000 } }
/** The next refresh is held at the authorization server until the test lets it go. */
function holdRefresh(upstream: Upstream): { release(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  upstream.authority.faults.next('slow', 1, { until: promise, match: { grantType: 'refresh_token' } })
  return { release: () => resolve() }
}

async function addSignedIn(home: Home, upstream: Upstream): Promise<void> {
  expect(await home.tokentray(['add', upstream.mcp.url, '--id', 'bot'])).toMatchObject({ code: 0 })
}

const inFlight = (upstream: Upstream, times = 1) => upstream.reached('faultMade', times)

/** Resolves when the owner in this home has begun to end: it answers nothing new any more. */
async function isEnding(home: Home): Promise<void> {
  const client = await home.client()
  for (;;) {
    try {
      await client.call('snapshot', {})
    } catch {
      return
    }
  }
}

function expectNoReuse(upstream: Upstream): void {
  expect(upstream.authority.events.filter(({ kind }) => /reuse|revoked|refused|serverError/i.test(kind))).toEqual([])
}

test('FM-01 eight token commands at once, without an owner and with an expired token: one refresh, one token for all', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  await addOverdue(home, upstream)
  const results = await Promise.all(Array.from({ length: 8 }, () => home.tokentray(['token', 'bot'])))
  const tokens = new Set(results.map(({ out }) => out))
  expect(results).toEqual(results.map(() => ({ code: 0, out: [...tokens][0], err: '' })))
  expect(await upstream.use([...tokens][0]!.trim())).toBe(200)
  expect(upstream.count('refreshed')).toBe(1)
  expectNoReuse(upstream)
})

test('FM-01 FM-02 commands racing a running serve: all are answered, and no token is used twice', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome({ settings: floor })
  await addOverdue(home, upstream)
  const serving = await home.serve()
  const commands = ['token', 'refresh', 'status', 'token', 'refresh', 'status', 'token', 'refresh']
  const results = await Promise.all(commands.map((command) => home.tokentray([command, 'bot'])))
  expect(results.map(({ code, err }) => [code, err])).toEqual(commands.map(() => [0, '']))
  const { out: token } = await home.tokentray(['token', 'bot'])
  expect(await upstream.use(token.trim())).toBe(200)
  serving.kill('SIGTERM')
  expect(await serving.ended).toMatchObject({ code: 0 })
  const { events } = JSON.parse((await home.tokentray(['history', 'bot', '--json'])).out)
  const stored = events.filter(({ kind }: { kind: string }) => kind === 'refreshed')
  expect(stored.length).toBe(upstream.count('refreshed'))
  expectNoReuse(upstream)
})

test('FM-01 a command in the middle of a refresh hands over to serve: its token is printed, one refresh', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  await addOverdue(home, upstream)
  const held = holdRefresh(upstream)
  const asking = home.start(['token', 'bot'])
  await inFlight(upstream)
  const serving = home.start(['serve', '--no-dashboard', '--no-gateway'])
  await isEnding(home)
  held.release()
  const asked = await asking.ended
  await serving.line(/is running \(process \d+\)/)
  expect(asked).toMatchObject({ code: 0, err: '' })
  expect((await until(home, ({ servers }) => servers.length > 0)).owner).toMatchObject({
    pid: serving.pid,
    kind: 'lasting'
  })
  expect((await home.tokentray(['token', 'bot'])).out).toBe(asked.out)
  expect(await upstream.use(asked.out.trim())).toBe(200)
  expect(upstream.count('refreshed')).toBe(1)
  expectNoReuse(upstream)
})

test.each(['SIGTERM', 'SIGINT', 'stop'] as const)(
  'FM-04 %s to serve in the middle of a refresh: it is heard out and stored, exit 0',
  async (how) => {
    const upstream = await makeUpstream()
    const home = await makeHome()
    await addOverdue(home, upstream)
    const held = holdRefresh(upstream)
    const serving = await home.serve()
    await inFlight(upstream)
    const stopping = how === 'stop' ? home.tokentray(['stop']) : null
    if (how !== 'stop') serving.kill(how)
    await serving.line(/Finishing requests in progress/)
    held.release()
    if (stopping) expect(await stopping).toMatchObject({ code: 0 })
    expect(await serving.ended).toMatchObject({ code: 0, err: 'Finishing requests in progress…\n' })
    expect(upstream.count('refreshed')).toBe(1)
    const { code, out } = await home.tokentray(['token', 'bot'])
    expect([code, await upstream.use(out.trim()), upstream.count('refreshed')]).toEqual([0, 200, 1])
    expectNoReuse(upstream)
  }
)

test('FM-04 Ctrl-C on a token command during its refresh: the new token is stored nevertheless', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  await addOverdue(home, upstream)
  const held = holdRefresh(upstream)
  const asking = home.start(['token', 'bot'])
  await inFlight(upstream)
  asking.kill('SIGINT')
  await isEnding(home)
  held.release()
  expect(await asking.ended).toEqual({ code: 130, out: '', err: '' })
  const { code, out } = await home.tokentray(['token', 'bot'])
  expect([code, await upstream.use(out.trim()), upstream.count('refreshed')]).toEqual([0, 200, 1])
  expectNoReuse(upstream)
})

test('FM-02 FM-16 a login that ends during a refresh wins, and the result of the refresh changes nothing', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome({ settings: floor })
  await addSignedIn(home, upstream)
  await home.serve()
  const held = holdRefresh(upstream)
  const refreshing = home.start(['refresh', 'bot'])
  await inFlight(upstream)
  expect(await home.tokentray(['login', 'bot'])).toMatchObject({ code: 0, out: expect.stringContaining('Healthy') })
  expect(upstream.count('refreshed')).toBe(0)
  const { out: token } = await home.tokentray(['token', 'bot'])
  held.release()
  expect(await refreshing.ended).toMatchObject({ code: 0, err: '' })
  await upstream.reached('refreshed', 1)
  await until(home, ({ servers }) => servers[0]?.lastEvent?.kind === 'superseded')
  expect((await home.tokentray(['token', 'bot'])).out).toBe(token)
  expect(await home.tokentray(['refresh', 'bot'])).toMatchObject({ code: 0, err: '' })
  const { out: next } = await home.tokentray(['token', 'bot'])
  expect([next === token, await upstream.use(next.trim()), upstream.count('refreshed')]).toEqual([false, 200, 2])
  expectNoReuse(upstream)
})

test('FM-16 a refresh during a login: the old grant keeps working until the new one is stored', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome({ settings: floor })
  await addSignedIn(home, upstream)
  await home.serve()
  const signingIn = home.start(['login', 'bot'], { env: { BROWSER: 'true' } })
  const address = (await signingIn.line(/^ {2}http/)).trim()
  expect(await home.tokentray(['refresh', 'bot'])).toMatchObject({ code: 0, err: '' })
  const { out: old } = await home.tokentray(['token', 'bot'])
  expect(await upstream.use(old.trim())).toBe(200)
  await approve(address)
  expect(await signingIn.ended).toMatchObject({ code: 0 })
  const { out: token } = await home.tokentray(['token', 'bot'])
  expect([token === old, await upstream.use(token.trim())]).toEqual([false, 200])
  expect(await home.tokentray(['refresh', 'bot'])).toMatchObject({ code: 0 })
  expect([upstream.count('refreshed'), upstream.count('issued')]).toEqual([2, 2])
  expectNoReuse(upstream)
})

test('FM-16 serve waits for a sign-in that a command hosts, instead of interrupting the person', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  await addSignedIn(home, upstream)
  const signingIn = home.start(['login', 'bot'], { env: { BROWSER: 'true' } })
  const address = (await signingIn.line(/^ {2}http/)).trim()
  const serving = home.start(['serve', '--no-dashboard', '--no-gateway'])
  await serving.line(/is waiting for a sign-in to finish/)
  await approve(address)
  expect(await signingIn.ended).toMatchObject({ code: 0, out: expect.stringContaining('bot: Healthy') })
  await serving.line(/is running \(process \d+\)/)
  expect(await home.tokentray(['token', 'bot'])).toMatchObject({ code: 0, err: '' })
  expect(upstream.count('issued')).toBe(2)
  serving.kill('SIGTERM')
  expect((await serving.ended).code).toBe(0)
})

test('FM-15 a sign-in that is stopped by Ctrl-C does not change the old grant', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  await addSignedIn(home, upstream)
  const before = await home.tokentray(['token', 'bot'])
  const signingIn = home.start(['login', 'bot'], { env: { BROWSER: 'true' } })
  await signingIn.line(/^ {2}http/)
  signingIn.kill('SIGINT')
  const { code, err } = await signingIn.ended
  expect([code, err]).toEqual([
    130,
    expect.stringContaining('The sign-in was cancelled. Your existing tokens are unchanged.')
  ])
  expect(await home.tokentray(['token', 'bot'])).toEqual(before)
  expect(upstream.count('issued')).toBe(1)
})

test('a first sign-in that is stopped by Ctrl-C leaves nothing, and says so', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  const adding = home.start(['add', upstream.mcp.url, '--id', 'bot'], { env: { BROWSER: 'true' } })
  await adding.line(/^ {2}http/)
  adding.kill('SIGINT')
  const { code, err } = await adding.ended
  expect([code, err]).toEqual([130, expect.stringContaining('The sign-in was cancelled. Nothing was stored.')])
  const { out } = await home.tokentray(['history', 'bot'])
  expect(out).toContain('The sign-in was cancelled. Nothing was stored.')
})

test('FM-03 FM-06 killed before the reply arrived: explained, retried once immediately, then a sign-in is needed, and no retry loop', async () => {
  let accessTokenTtl = 1
  const upstream = await makeUpstream({ forResource: () => ({ accessTokenTtl }) })
  const home = await makeHome({ settings: floor })
  await addSignedIn(home, upstream)
  const held = holdRefresh(upstream)
  const serving = await home.serve()
  await inFlight(upstream)
  // Stopped, so that it certainly does not hear the reply that rotates its token; then gone without a word.
  serving.kill('SIGSTOP')
  held.release()
  await upstream.reached('refreshed', 1)
  serving.kill('SIGKILL')
  expect(await serving.ended).toMatchObject({ code: null })

  const again = await home.serve()
  await upstream.reached('reuseDetected', 1)
  const { servers } = await until(home, (snapshot) => snapshot.servers[0]?.state === 'needsUser')
  expect(servers[0]).toMatchObject({ light: 'red', action: 'signIn', fault: 'refused', nextAt: null })
  // The last access token lives a second; until then it is handed out, with a warning.
  let refused = await home.tokentray(['token', 'bot'])
  while (refused.code === 0) refused = await home.tokentray(['token', 'bot'])
  expect(refused).toMatchObject({ code: 3, out: '' })
  expect(refused.err).toMatch(
    /^tokentray: The reply to the refresh at .* was lost.*Open Tokentray or run "tokentray login bot" to sign in\.\n$/
  )
  const { out: history } = await home.tokentray(['history', 'bot'])
  expect(history).toContain('no complete reply arrived: Tokentray stopped before the reply arrived.')
  again.kill('SIGTERM')
  await again.ended

  // Asked again and started again, it still knows that only a person can help: no further request.
  expect(await home.tokentray(['token', 'bot'])).toMatchObject({ code: 3 })
  expect([upstream.count('refreshed'), upstream.count('reuseDetected'), upstream.count('refused')]).toEqual([1, 1, 0])

  accessTokenTtl = 3600
  expect(await home.tokentray(['login', 'bot'])).toMatchObject({ code: 0 })
  const { out: token } = await home.tokentray(['token', 'bot'])
  expect(await upstream.use(token.trim())).toBe(200)
  expect((await viewOf(home, 'bot')).light).toBe('green')
})

test('FM-03 killed before the server replied: the same token is retried, and works', async () => {
  const upstream = await makeUpstream()
  const home = await makeHome()
  await addOverdue(home, upstream)
  upstream.authority.faults.next('hang')
  const serving = await home.serve()
  await inFlight(upstream)
  serving.kill('SIGKILL')
  await serving.ended
  await home.serve()
  await upstream.reached('refreshed', 1)
  const { code, out } = await home.tokentray(['token', 'bot'])
  expect([code, await upstream.use(out.trim()), upstream.count('refreshed')]).toEqual([0, 200, 1])
  expectNoReuse(upstream)
})
