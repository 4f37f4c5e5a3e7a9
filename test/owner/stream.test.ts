// A stream of snapshots that is ending: it is a reader until it has closed, and the core goes on telling.
// What a running stream says is in control.test.ts.
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { streamChanges } from '../../app/owner/stream.ts'
import { makeCore, makeView } from './fakeCore.ts'

test('what comes while a stream ends is not written to it: it was an uncaught error of the whole owner', async () => {
  const core = makeCore([makeView('a')])
  const streams = new Set<() => void>()
  const server = createServer((_, response) => streamChanges(core, response, streams)).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const [reply] = (await once(get({ port: (server.address() as AddressInfo).port }), 'response')) as [IncomingMessage]
  let text = ''
  reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(reply, 'data')
  for (const end of streams) end()
  core.publish([makeView('a'), makeView('b')])
  await once(reply, 'end')
  expect(text.trim().split('\n')).toHaveLength(1)
})
