// Changes as server-sent events: a whole snapshot first and after a gap, each revision once, nothing piled up for the slow.
import { describe, expect, test } from 'vitest'
import { silentLog } from '../../app/base/log.ts'
import type { StreamMessage } from '../../app/contract/stream.ts'
import { streamVersion, streamVersionHeader } from '../../app/contract/streamVersion.ts'
import { sessionLifeMs } from '../../app/dashboard/sessions.ts'
import { keepAliveEvery, mostStreams } from '../../app/dashboard/streams.ts'
import { makeCore, makeView } from '../owner/fakeCore.ts'
import { ask, makeDashboard, openStream } from './dashboard.fixture.ts'

type Told = { id: number; data: StreamMessage }
const events = (text: string): Told[] =>
  [...text.matchAll(/^id: 0-(\d+)\ndata: (.+)\n\n/gm)].map(([, id, data]) => ({
    id: Number(id),
    data: JSON.parse(data!)
  }))
const kinds = (text: string) => events(text).map(({ id, data }) => `${id} ${data.kind}`)

test('a whole snapshot, then what changed, each with its revision as id', async () => {
  const a = makeView('a')
  const { port, core, signIn } = await makeDashboard({ core: makeCore([a]) })
  const stream = await openStream(port, await signIn())
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    [streamVersionHeader]: String(streamVersion)
  })
  await stream.until(/id: 0-1\n.*\n\n/)
  core.publish([a, makeView('b')])
  core.publish([makeView('b', { name: 'B' })])
  const all = events(await stream.until(/id: 0-4\n.*\n\n/))
  expect(all.map(({ id, data }) => [id, data])).toEqual([
    [1, { version: 1, kind: 'snapshot', snapshot: expect.objectContaining({ revision: 1, servers: [a] }) }],
    [2, { kind: 'changes', from: 1, revision: 2, at: 0, changed: [makeView('b')], removed: [] }],
    [4, { kind: 'changes', from: 2, revision: 4, at: 0, changed: [makeView('b', { name: 'B' })], removed: ['a'] }]
  ])
})

describe('resuming', () => {
  test('at the current revision sends nothing again', async () => {
    const { port, core, signIn } = await makeDashboard()
    const stream = await openStream(port, { ...(await signIn()), 'last-event-id': '0-1' })
    await stream.until(/retry/)
    core.publish([makeView('a')])
    expect(kinds(await stream.until(/data.*\n\n/))).toEqual(['2 changes'])
  })
  test.each(['0-0', '0-7', '1-1', '1', 'x', '-1', '0-1e0'])(
    'at another one, or at one of another owner (%s), sends a whole snapshot',
    async (id) => {
      const { port, signIn } = await makeDashboard()
      const stream = await openStream(port, { ...(await signIn()), 'last-event-id': id })
      expect(kinds(await stream.until(/data.*\n\n/))).toEqual(['1 snapshot'])
    }
  )
})

test('a page whose event the messages to come go on from gets no snapshot, also in the middle of a change', async () => {
  const { port, core, signIn } = await makeDashboard({ core: makeCore([makeView('a')]) })
  const session = await signIn()
  const first = await openStream(port, session)
  await first.until(/id: 0-1\n/)
  core.touch('a')
  const second = await openStream(port, { ...session, 'last-event-id': '0-1' })
  await second.until(/retry/)
  core.publish([makeView('a', { name: 'A' })])
  expect(kinds(await second.until(/data.*\n\n/))).toEqual(['3 changes'])
})

test('a slow reader gets a whole snapshot after the gap; nothing piles up', async () => {
  const { port, core, signIn } = await makeDashboard()
  const stream = await openStream(port, await signIn())
  await stream.until(/data/)
  stream.pause()
  for (let n = 0; n < 30; n++) {
    core.publish([makeView('a', { detail: 'x'.repeat(2_000_000) })])
    await new Promise((resolve) => setImmediate(resolve))
  }
  stream.resume()
  const told = events(await stream.until(/id: 0-31\n.*\n\n/))
  expect(told.length).toBeLessThan(31)
  expect(told.at(-1)).toMatchObject({ id: 31, data: { kind: 'snapshot' } })
})

test('a slow reader costs the others nothing: they get the changes', async () => {
  const { port, core, signIn } = await makeDashboard()
  const session = await signIn()
  const [slow, quick] = [await openStream(port, session), await openStream(port, session)]
  for (const stream of [slow, quick]) await stream.until(/data/)
  slow.pause()
  for (let n = 2; n < 10; n++) {
    core.publish([makeView('a', { detail: 'x'.repeat(400_000) })])
    await quick.until(new RegExp(`id: 0-${n}\\n[^\\n]*\\n\\n$`))
  }
  const told = kinds(quick.text())
  expect(told).toEqual(['1 snapshot', ...Array.from({ length: 8 }, (_, n) => `${n + 2} changes`)])
})

test('a reader that takes nothing for long is let go', async () => {
  const { port, core, clock, signIn } = await makeDashboard()
  const stream = await openStream(port, await signIn())
  await stream.until(/data/)
  stream.pause()
  core.publish([makeView('a', { detail: 'x'.repeat(20_000_000) })])
  await clock.advance(keepAliveEvery)
  expect(core.listeners()).toBe(0)
})

test('a quiet stream is kept alive by comments, and ends with its session', async () => {
  const { port, core, clock, signIn } = await makeDashboard()
  const stream = await openStream(port, await signIn())
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
  const session = await signIn()
  expect(core.listeners()).toBe(0)
  const streams = [await openStream(port, session), await openStream(port, session)]
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
  const headers = await signIn()
  for (let n = 0; n < mostStreams; n++) expect((await openStream(port, headers)).status).toBe(200)
  expect((await ask(port, '/snapshots', { headers })).status).toBe(503)
})

test('streams end with the core', async () => {
  const core = makeCore()
  const { port, signIn } = await makeDashboard({ core })
  const stream = await openStream(port, await signIn())
  await stream.until(/data/)
  core.end('quit')
  await stream.ended
})

test('FM-25 a message that may contain more than its schema is never sent; a whole snapshot fills the gap', async () => {
  const errors: string[] = []
  const core = makeCore([], { ...silentLog, error: (message) => void errors.push(message) })
  const { port, signIn } = await makeDashboard({ core })
  const stream = await openStream(port, await signIn())
  await stream.until(/data/)
  core.publish([{ ...makeView('a'), accessToken: 'planted-token' } as never])
  core.publish([makeView('a'), makeView('b')])
  const text = await stream.until(/id: 0-4\n.*\n\n/)
  expect(text).not.toContain('planted-token')
  expect(kinds(text)).toEqual(['1 snapshot', '4 snapshot'])
  expect(errors).toEqual(['a snapshot did not fit its schema and was not sent'])
})

describe('after one change of one server', () => {
  async function measure(count: number) {
    const views = Array.from({ length: count }, (_, number) => makeView(`s-${1000 + number}`))
    const core = makeCore(views)
    const { port, signIn } = await makeDashboard({ core })
    const stream = await openStream(port, await signIn())
    const before = (await stream.until(/id: 0-1\n.*\n\n/)).length
    const made = core.viewsMade()
    core.publish(views.map((view, at) => (at === 3 ? { ...view, name: 'Changed' } : view)))
    const after = (await stream.until(/id: 0-2\n.*\n\n/)).length
    return { viewsMade: core.viewsMade() - made, bytes: after - before }
  }
  test('as many views are made and as many bytes sent with ten servers as with a thousand', async () => {
    const few = await measure(10)
    expect(few.viewsMade).toBe(1)
    expect(await measure(1000)).toEqual(few)
  })
})

test('what comes while the streams end is written to none of them: it was an uncaught error of the whole owner', async () => {
  const { dashboard, port, core, signIn } = await makeDashboard({ core: makeCore([makeView('a')]) })
  const stream = await openStream(port, await signIn())
  await stream.until(/id: 0-1\n.*\n\n/)
  const closed = dashboard.close()
  core.publish([makeView('a'), makeView('b')])
  await closed
  expect(events(await stream.until(/data.*\n\n/)).map(({ id }) => id)).toEqual([1])
})
