// How an answer leaves the gateway, write by write, and when it counts as passed.
// The upstream is played by hand, so that what comes together is certain.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { exchange } from '../../app/gateway/exchange.ts'

type Handler = Required<Dispatcher.DispatchHandler>

/** An exchange under way: what the upstream does is called on `handler`; `writes` is what each write took away. */
function begin() {
  const writes: string[] = []
  const socket = new Writable({
    writev(chunks, done) {
      writes.push(chunks.map(({ chunk }) => chunk.toString()).join(''))
      done()
    }
  })
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  response.assignSocket(socket as Socket)
  let handler: Handler | undefined
  const pool = { dispatch: (_: unknown, given: Handler) => (handler = given) } as unknown as Dispatcher
  const controller = { rawHeaders: ['content-type', 'text/plain'], rawTrailers: [], abort() {} } as unknown as never
  const onDelivered = vi.fn()
  const gone = new AbortController()
  const outcome = exchange({
    pool,
    origin: 'http://upstream',
    method: 'GET',
    path: '/',
    headers: [],
    body: null,
    signal: gone.signal,
    response,
    passesChallenges: false,
    onAnswer: () => {},
    mustReadBody: () => false,
    isOurs: () => false,
    extraHeaders: () => [],
    rewriter: () => null,
    onDelivered,
    clock: systemClock()
  })
  handler!.onRequestStart(controller, {})
  handler!.onResponseStart(controller, 200, {}, 'OK')
  return { handler: handler!, controller, writes, outcome, onDelivered, abort: () => gone.abort() }
}

test('an answer that came in one piece leaves in one write', async () => {
  const { handler, controller, writes } = begin()
  handler.onResponseData(controller, Buffer.from('all of it'))
  handler.onResponseEnd(controller, {})
  await new Promise(setImmediate)
  expect(writes).toEqual([expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n.*all of it$/s)])
})

test('headers leave at once where the body is still to come', async () => {
  const { handler, controller, writes } = begin()
  await new Promise(setImmediate)
  expect(writes).toEqual([expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n$/s)])
  handler.onResponseData(controller, Buffer.from('later'))
  await new Promise(setImmediate)
  expect(writes[1]).toContain('later')
})

test('an answer is streaming from its headers on, and delivered at its end, once', async () => {
  const { handler, controller, outcome, onDelivered, abort } = begin()
  expect(await outcome).toMatchObject({ kind: 'streaming', status: 200 })
  expect(onDelivered).not.toHaveBeenCalled()
  handler.onResponseEnd(controller, {})
  abort()
  expect(onDelivered.mock.calls).toEqual([[200]])
})

test('an answer whose client goes away has passed then', () => {
  const { handler, controller, onDelivered, abort } = begin()
  abort()
  expect(onDelivered.mock.calls).toEqual([[200]])
  handler.onResponseError(controller, new Error('aborted'))
  expect(onDelivered).toHaveBeenCalledTimes(1)
})
