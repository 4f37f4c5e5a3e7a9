// A stream of snapshots that is ending: it is a reader until it has closed, and the core goes on telling.
// What a running stream says is in control.test.ts; what one change costs, and a slow reader, is here.
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import type { StreamMessage } from '../../app/contract/stream.ts'
import { streamChanges } from '../../app/owner/stream.ts'
import { type FakeCore, makeCore, makeView } from './fakeCore.ts'

async function openStream(core: FakeCore) {
  const streams = new Set<() => void>()
  const server = createServer((_, response) => streamChanges(core, response, streams)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asked = get({ port: (server.address() as AddressInfo).port, agent: false })
  onTestFinished(() => {
    asked.destroy()
    server.close()
  })
  const [reply] = (await once(asked, 'response')) as [IncomingMessage]
  return { streams, reply }
}

/** The messages of a stream, one by one. */
async function* messagesOf(reply: IncomingMessage): AsyncGenerator<StreamMessage> {
  const lines = createInterface({ input: reply })
  // A reader that leaves in the middle of a message is told so by an error of its own; no test asks for that.
  for (const each of [reply, lines]) each.on('error', () => {})
  for await (const line of lines) yield JSON.parse(line)
}

test('a slow reader gets a whole snapshot after the gap; nothing piles up', async () => {
  const core = makeCore([makeView('a')])
  const { reply } = await openStream(core)
  for (let n = 0; n < 30; n++) {
    core.publish([makeView('a', { detail: 'x'.repeat(2_000_000) })])
    await new Promise((resolve) => setImmediate(resolve))
  }
  const told: string[] = []
  for await (const message of messagesOf(reply)) {
    told.push(message.kind)
    if (message.kind === 'snapshot' && message.snapshot.revision === 31) break
  }
  expect(told.length).toBeLessThan(31)
})

test('after one change as many views are made and as many bytes sent with ten servers as with a thousand', async () => {
  const measure = async (count: number) => {
    const views = Array.from({ length: count }, (_, number) => makeView(`s-${1000 + number}`))
    const core = makeCore(views)
    const messages = messagesOf((await openStream(core)).reply)
    expect(await messages.next()).toMatchObject({
      value: { kind: 'snapshot', snapshot: { servers: { length: count } } }
    })
    const made = core.viewsMade()
    core.publish(views.map((view, at) => (at === 3 ? { ...view, name: 'Changed' } : view)))
    return { views: core.viewsMade() - made, text: JSON.stringify((await messages.next()).value) }
  }
  const few = await measure(10)
  expect(few.views).toBe(1)
  expect(await measure(1000)).toEqual(few)
})

test('what comes while a stream ends is not written to it: it was an uncaught error of the whole owner', async () => {
  const core = makeCore([makeView('a')])
  const { streams, reply } = await openStream(core)
  let text = ''
  reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(reply, 'data')
  for (const end of streams) end()
  core.publish([makeView('a'), makeView('b')])
  await once(reply, 'end')
  expect(text.trim().split('\n')).toHaveLength(1)
})
