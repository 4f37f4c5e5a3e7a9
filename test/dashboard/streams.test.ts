// Snapshots as server-sent events: the current one first, each revision once, the newest for whoever is slow.
import { describe, expect, test } from 'vitest'
import { sessionLifeMs } from '../../app/dashboard/sessions.ts'
import { keepAliveEvery, mostStreams } from '../../app/dashboard/streams.ts'
import { makeCore, makeView } from '../owner/fakeCore.ts'
import { ask, makeDashboard, openStream } from './dashboard.fixture.ts'

const events = (text: string) =>
  [...text.matchAll(/^id: 0-(\d+)\ndata: (.+)\n\n/gm)].map(([, id, data]) => ({
    id: Number(id),
    data: JSON.parse(data!)
  }))

test('the current snapshot, then each new one, with its revision as id', async () => {
  const { port, core, signIn } = await makeDashboard({ core: makeCore([makeView('a')]) })
  const stream = await openStream(port, { cookie: await signIn() })
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("default-src 'none'")
  })
  await stream.until(/id: 0-1\n.*\n\n/)
  core.publish([makeView('a'), makeView('b')])
  const all = events(await stream.until(/id: 0-2\n.*\n\n/))
  expect(all.map(({ id, data }) => [id, data.revision, data.servers.length])).toEqual([
    [1, 1, 1],
    [2, 2, 2]
  ])
})

describe('resuming', () => {
  test('at the current revision sends nothing again', async () => {
    const { port, core, signIn } = await makeDashboard()
    const stream = await openStream(port, { cookie: await signIn(), 'last-event-id': '0-1' })
    await stream.until(/retry/)
    core.publish([makeView('a')])
    expect(events(await stream.until(/data/)).map(({ id }) => id)).toEqual([2])
  })
  test.each(['0-0', '0-7', '1-1', '1', 'x', '-1', '0-1e0'])(
    'at another one, or at one of another owner (%s), sends the current snapshot',
    async (id) => {
      const { port, signIn } = await makeDashboard()
      const stream = await openStream(port, { cookie: await signIn(), 'last-event-id': id })
      expect(events(await stream.until(/data.*\n\n/)).map(({ id }) => id)).toEqual([1])
    }
  )
})

test('a revision is sent once, however often the core tells it', async () => {
  const core = makeCore()
  let tell = (_: ReturnType<typeof core.snapshot>) => {}
  const { port, signIn } = await makeDashboard({
    core: {
      ...core,
      subscribe: (listener) => {
        tell = listener
        return core.subscribe(listener)
      }
    }
  })
  const stream = await openStream(port, { cookie: await signIn() })
  await stream.until(/data/)
  tell(core.snapshot())
  core.publish([])
  expect(events(await stream.until(/id: 0-2\n.*\n\n/)).map(({ id }) => id)).toEqual([1, 2])
})

test('a slow reader skips to the newest; nothing piles up', async () => {
  const { port, core, signIn } = await makeDashboard()
  const stream = await openStream(port, { cookie: await signIn() })
  await stream.until(/data/)
  stream.pause()
  const large = [makeView('a', { detail: 'x'.repeat(2_000_000) })]
  for (let n = 0; n < 30; n++) {
    core.publish(large)
    await new Promise((resolve) => setImmediate(resolve))
  }
  stream.resume()
  const ids = events(await stream.until(/id: 0-31\n.*\n\n/)).map(({ id }) => id)
  expect(ids.at(-1)).toBe(31)
  expect(ids.length).toBeLessThan(31)
})

test('a reader that takes nothing for long is let go', async () => {
  const { port, core, clock, signIn } = await makeDashboard()
  const stream = await openStream(port, { cookie: await signIn() })
  await stream.until(/data/)
  stream.pause()
  core.publish([makeView('a', { detail: 'x'.repeat(20_000_000) })])
  await clock.advance(keepAliveEvery)
  expect(core.listeners()).toBe(0)
})

test('a quiet stream is kept alive by comments, and ends with its session', async () => {
  const { port, core, clock, signIn } = await makeDashboard()
  const stream = await openStream(port, { cookie: await signIn() })
  await stream.until(/data/)
  await clock.advance(keepAliveEvery)
  await stream.until(/\n: keep-alive\n\n/)
  clock.jump(sessionLifeMs)
  await clock.advance(keepAliveEvery)
  await stream.ended
  expect(core.listeners()).toBe(0)
})

test('the core is listened to while somebody reads, once for all', async () => {
  const { port, core, signIn } = await makeDashboard()
  const cookie = await signIn()
  expect(core.listeners()).toBe(0)
  const streams = [await openStream(port, { cookie }), await openStream(port, { cookie })]
  for (const stream of streams) await stream.until(/data/)
  expect(core.listeners()).toBe(1)
  const left = Promise.withResolvers<void>()
  const look = () => (core.listeners() === 0 ? left.resolve() : setImmediate(look))
  for (const stream of streams) stream.leave()
  look()
  await left.promise
})

test(`more than ${mostStreams} at once are refused`, async () => {
  const { port, signIn } = await makeDashboard()
  const headers = { cookie: await signIn() }
  for (let n = 0; n < mostStreams; n++) expect((await openStream(port, headers)).status).toBe(200)
  expect((await ask(port, '/snapshots', { headers })).status).toBe(503)
})

test('streams end with the core', async () => {
  const core = makeCore()
  const { port, signIn } = await makeDashboard({ core })
  const stream = await openStream(port, { cookie: await signIn() })
  await stream.until(/data/)
  core.end('quit')
  await stream.ended
})

test('FM-25 a snapshot that could hold more than its schema never leaves', async () => {
  const { port, core, errors, signIn } = await makeDashboard()
  const stream = await openStream(port, { cookie: await signIn() })
  await stream.until(/data/)
  core.publish([{ ...makeView('a'), accessToken: 'planted-token' } as never])
  core.publish([makeView('b')])
  expect(await stream.until(/id: 0-3\n.*\n\n/)).not.toContain('planted-token')
  expect(errors).toEqual(['a snapshot did not fit its schema and was not sent'])
})

test('what comes while the streams end is written to none of them: it was an uncaught error of the whole owner', async () => {
  const { dashboard, port, core, signIn } = await makeDashboard({ core: makeCore([makeView('a')]) })
  const stream = await openStream(port, { cookie: await signIn() })
  await stream.until(/id: 0-1\n.*\n\n/)
  const closed = dashboard.close()
  core.publish([makeView('a'), makeView('b')])
  await closed
  expect(events(await stream.until(/data.*\n\n/)).map(({ id }) => id)).toEqual([1])
})
