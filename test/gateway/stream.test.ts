// Streams through the gateway: nothing is held back, nothing piles up, and whoever leaves takes the other side along.
// Each step waits for the one before it on the other side, so that a gateway that buffered would hang here.
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { ask, type GatewaySetting, key, startSetting } from './gateway.fixture.ts'

let s: GatewaySetting
const start: typeof startSetting = async (...given) => {
  s = await startSetting(...given)
  return s
}
afterEach(() => s.stop())
const open = (options: RequestOptions = {}): ClientRequest =>
  httpRequest({
    host: '127.0.0.1',
    port: s.gateway.port,
    path: '/one',
    ...options,
    headers: { 'x-tokentray-key': key, ...(options.headers as object) }
  })
const answerTo = async (request: ClientRequest): Promise<IncomingMessage> => {
  request.end()
  const [response] = await once(request, 'response')
  return response
}
const nextChunk = async (response: IncomingMessage): Promise<string> => String((await once(response, 'data'))[0])
const megabyte = 1_048_576

test('events pass one by one, as they are written', async () => {
  const written = Promise.withResolvers<import('node:http').ServerResponse>()
  await start((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    written.resolve(response)
  })
  const response = await answerTo(open())
  const upstream = await written.promise
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    upstream.write(event)
    expect(await nextChunk(response)).toBe(event)
  }
  upstream.end()
  await once(response.resume(), 'end')
})

test('a body goes up while it is still being written, and the answer may come first', async () => {
  const arrived: string[] = []
  await start(
    (request, response) => {
      request.on('data', (chunk) => {
        arrived.push(String(chunk))
        response.write(`got ${chunk}`)
      })
      request.on('end', () => response.end())
    },
    { readsBody: false }
  )
  const request = open({ method: 'POST' })
  request.write('one')
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect(await nextChunk(response)).toBe('got one')
  request.write('two')
  expect(await nextChunk(response)).toBe('got two')
  request.end()
  await once(response.resume(), 'end')
  expect(arrived).toEqual(['one', 'two'])
})

test.each(['before the answer begins', 'in the middle of it'])(
  'a client that leaves %s ends it at the upstream',
  async (when) => {
    const ended = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    await start((_, response) => {
      response.on('close', ended.resolve)
      if (when !== 'before the answer begins') response.write('a')
      asked.resolve()
    })
    const request = open()
    request.on('error', () => {})
    request.end()
    await (when === 'before the answer begins' ? asked.promise : once(request, 'response'))
    request.destroy()
    await ended.promise
    expect(s.seen).toHaveLength(1)
  }
)

test('a client that leaves in the middle of its body ends it at the upstream', async () => {
  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  await start(
    (request) => {
      request.on('data', () => begun.resolve())
      request.on('close', () => request.complete || ended.resolve())
      request.on('error', () => {})
    },
    { readsBody: false }
  )
  const request = open({ method: 'POST' })
  request.on('error', () => {})
  request.write('half')
  await begun.promise
  request.destroy()
  await ended.promise
})

test('an answer that breaks off breaks off below too, and is not made to look whole', async () => {
  await start((_, response) => {
    response.write('half', () => response.destroy())
  })
  const response = await answerTo(open())
  await expect(once(response.resume(), 'end')).rejects.toMatchObject({ code: 'ECONNRESET' })
})

test('access that is taken away cuts open streams on both sides', async () => {
  const ended = Promise.withResolvers<void>()
  await start((_, response) => {
    response.on('close', ended.resolve)
    response.write('data: 1\n\n')
  })
  const response = await answerTo(open())
  await nextChunk(response)
  const cut = once(response.resume(), 'end')
  s.revoke()
  await expect(cut).rejects.toMatchObject({ code: 'ECONNRESET' })
  await ended.promise
})

test('100 MB come down no faster than they are read', async () => {
  const total = 100 * megabyte
  let sent = 0
  let most = 0
  let received = 0
  await start((_, response) => {
    const write = () => {
      while (sent < total) {
        sent += megabyte
        if (!response.write(Buffer.alloc(megabyte))) return response.once('drain', write)
      }
      response.end()
    }
    write()
  })
  const response = await answerTo(open())
  for await (const chunk of response) {
    received += chunk.length
    most = Math.max(most, sent - received)
  }
  expect(received).toBe(total)
  // What sockets of four ends hold, and one write.
  expect(most).toBeLessThan(30 * megabyte)
})

test('100 MB go up no faster than they are read', async () => {
  const total = 100 * megabyte
  let sent = 0
  let most = 0
  let received = 0
  await start(
    async (request, response) => {
      for await (const chunk of request) {
        received += chunk.length
        most = Math.max(most, sent - received)
      }
      response.end('done')
    },
    { readsBody: false }
  )
  const request = open({ method: 'PUT', headers: { 'content-length': total } })
  const answered = once(request, 'response')
  while (sent < total) {
    sent += megabyte
    if (!request.write(Buffer.alloc(megabyte))) await once(request, 'drain')
  }
  request.end()
  const [response] = await answered
  expect([(response as IncomingMessage).statusCode, received]).toEqual([200, total])
  expect(most).toBeLessThan(30 * megabyte)
})

test('an upstream that answers before it has read all is heard', async () => {
  await start((_, response) => response.writeHead(413).end('too much'), { readsBody: false })
  const request = open({ method: 'PUT', headers: { 'content-length': 5 * megabyte } })
  request.on('error', () => {})
  const answered = once(request, 'response')
  request.end(Buffer.alloc(5 * megabyte))
  const [response] = (await answered) as [IncomingMessage]
  expect([response.statusCode, await nextChunk(response)]).toEqual([413, 'too much'])
})

test('an upstream that never begins to answer is a 504, in time', async () => {
  await start(() => {}, { settings: { gatewayHeaderTimeout: 1000, gatewayKeepBody: 1000, gatewayUsers: [] } })
  const reply = await ask(s, '/one', { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"a"}' })
  expect([reply.status, JSON.parse(reply.text).id]).toEqual([504, 1])
})

test('many at once, and connections that are used again after their server closed them', async () => {
  await start((_, response) =>
    response.writeHead(200, { connection: s.seen.length % 3 ? 'keep-alive' : 'close' }).end('ok')
  )
  for (let round = 0; round < 3; round++) {
    const replies = await Promise.all(Array.from({ length: 100 }, () => ask(s, '/one', { method: 'POST', body: '{}' })))
    expect(replies.every(({ status }) => status === 200)).toBe(true)
  }
  expect(s.seen).toHaveLength(300)
})
