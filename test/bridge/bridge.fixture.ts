// A bridge between a test that types lines and a gateway that the test wrote.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../app/base/clock.ts'
import { systemClock } from '../../app/base/clock.ts'
import { Secret } from '../../app/base/secret.ts'
import { runBridge } from '../../app/bridge/bridge.ts'
import { answerBy } from '../fakes/answerBy.ts'
import { freePort } from '../support/freePort.ts'

export type Seen = {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: { id?: unknown; method?: string; [more: string]: unknown }
}
export type Answer = (seen: Seen, response: ServerResponse) => unknown

export type Gateway = { url: string; seen: Seen[]; server: Server; stop(): Promise<void>; start(): Promise<void> }

/** `answer` may write the response itself, or return what is the result of the request. */
export async function makeGateway(answer: Answer): Promise<Gateway> {
  const seen: Seen[] = []
  const port = await freePort()
  const make = () =>
    createServer(
      answerBy(async (request, response) => {
        let text = ''
        for await (const chunk of request) text += chunk
        const one = {
          method: request.method ?? '',
          url: request.url ?? '',
          headers: request.headers,
          body: text ? JSON.parse(text) : {}
        }
        seen.push(one)
        const result = await answer(one, response)
        if (response.headersSent || response.destroyed || result === undefined) return
        if (one.body.id === undefined) return void response.writeHead(202).end()
        json(response, { jsonrpc: '2.0', id: one.body.id, result })
      })
    )
  const gateway: Gateway = {
    url: `http://127.0.0.1:${port}/one`,
    seen,
    server: make(),
    async start() {
      gateway.server = make()
      await new Promise<void>((resolve) => gateway.server.listen(port, '127.0.0.1', resolve))
    },
    async stop() {
      const closed = new Promise((resolve) => gateway.server.close(resolve))
      gateway.server.closeAllConnections()
      await closed
    }
  }
  await gateway.start()
  onTestFinished(() => gateway.stop())
  return gateway
}

export function json(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

type Answered = { result?: { [name: string]: unknown }; error?: { code: number; message: string; data?: unknown } }

export function makeBridge(given: {
  url(): string
  write?: (line: string) => Promise<void>
  obtainAccess?: () => Promise<void>
  /** Replaces the keys that are made up. */
  key?: () => string
  clock?: Clock
}) {
  const out: string[] = []
  const logs: string[] = []
  const watchers = new Set<(line: string) => void>()
  const stop = new AbortController()
  const waiting: string[] = []
  let wake = () => {}
  let isEnded = false
  let keys = 0
  async function* lines() {
    for (;;) {
      const next = waiting.shift()
      if (next !== undefined) yield next
      else if (isEnded) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  const done = runBridge({
    async obtainAccess() {
      await given.obtainAccess?.()
      keys += 1
      return { url: given.url(), key: new Secret(given.key?.() ?? `ttk_${keys}`) }
    },
    lines: lines(),
    async write(line) {
      out.push(line)
      for (const watch of [...watchers]) watch(line)
      await given.write?.(line)
    },
    clock: given.clock ?? systemClock(),
    log: (sentence) => logs.push(sentence),
    stop: stop.signal
  })
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  const type = (line: string) => {
    waiting.push(line)
    wake()
  }
  const first = (test: (line: string) => boolean) =>
    new Promise<string>((resolve) => {
      const look = (line: string) => {
        if (!test(line)) return
        watchers.delete(look)
        resolve(line)
      }
      watchers.add(look)
      out.forEach(look)
    })
  return {
    out,
    logs,
    done,
    stop: () => stop.abort(),
    type,
    send: (message: object) => type(JSON.stringify({ jsonrpc: '2.0', ...message })),
    end() {
      isEnded = true
      wake()
    },
    /** Resolves with the answer to this request. */
    answered: async (id: unknown): Promise<Answered> =>
      JSON.parse(await first((line) => line.includes('"id"') && JSON.parse(line).id === id)),
    /** Resolves with the first line that matches. */
    line: (pattern: RegExp) => first((line) => pattern.test(line)),
    keys: () => keys
  }
}
