// An owner that stands still for longer than its time limits while a reply arrives: the laptop slept, or a container was paused.
// The reply is what a spent token, code or registration was spent for; thrown away, the next attempt ends the sign-in.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sleep } from '../../app/base/clock.ts'
import type { AuthorityEvent } from '../../app/demo/events.ts'
import type { RequestMatch } from '../../app/demo/faults.ts'
import { approve } from '../../app/demo/person.ts'
import { clock, makeHome, makeUpstream, type Upstream } from './harness.ts'

/** A tenth of the 30 s that any request may take, and a second and a half more. */
const pauseMs = 4500

/** Holds back the reply to the next request of this kind until it is let go. */
function holdReply(upstream: Upstream, match: RequestMatch, spent: AuthorityEvent['kind'], times: number) {
  const held = Promise.withResolvers<void>()
  upstream.authority.faults.next('slow', 1, { until: held.promise, match })
  const arrived = upstream.reached('faultMade', 1)
  const replied = upstream.reached(spent, times)
  return {
    arrived,
    async release() {
      held.resolve()
      await replied
    }
  }
}

test('FM-03 a reply that arrived while the process stood still is read: refresh, exchange, registration, revocation', async () => {
  const home = await makeHome()
  const owner = home.start([], { script: join(import.meta.dirname, 'pausedOwner.ts') })
  await owner.line(/ready/)
  const { call } = await home.client()
  const upstreams = {
    one: await makeUpstream(),
    two: await makeUpstream(),
    three: await makeUpstream(),
    four: await makeUpstream()
  }
  const begin = (server: keyof typeof upstreams) => call('signIn.start', { server })
  for (const [name, { mcp }] of Object.entries(upstreams)) await call('server.add', { url: mcp.url, name })
  for (const name of ['one', 'four'] as const) {
    const { signIn, url } = await begin(name)
    await approve(url!)
    await call('signIn.wait', { signIn })
  }
  const held = [
    holdReply(upstreams.one, { grantType: 'refresh_token' }, 'refreshed', 1),
    holdReply(upstreams.two, { grantType: 'authorization_code' }, 'issued', 1),
    holdReply(upstreams.three, { path: '/reg' }, 'registered', 1),
    holdReply(upstreams.four, { path: '/token/revocation' }, 'grantRevoked', 1)
  ]
  const exchanging = await begin('two')
  const exchanged = call('signIn.wait', { signIn: exchanging.signIn })
  const refreshed = call('server.refresh', { server: 'one' })
  const page = approve(exchanging.url!)
  const registered = begin('three')
  const revoked = call('server.signOut', { server: 'four' })
  await Promise.all(held.map(({ arrived }) => arrived))

  owner.kill('SIGSTOP')
  await Promise.all(held.map(({ release }) => release()))
  await sleep(clock, pauseMs)
  owner.kill('SIGCONT')

  expect((await refreshed).view).toMatchObject({ words: 'Healthy', fault: null })
  expect((await exchanged).view).toMatchObject({ words: 'Healthy' })
  await page
  expect((await registered).url).toContain('client_id=')
  expect((await revoked).revoked).toMatch(/^The server revoked the tokens\./)
  expect(upstreams.three.count('registered')).toBe(1)
  expect(upstreams.one.count('refreshed')).toBe(1)
})
