// A gateway on real sockets before a real upstream, with made-up tokens: for tests of the forwarder alone.
// Who is let in and which token goes up are the test's own to decide.
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../../app/base/clock.ts'
import { silentLog } from '../../app/base/log.ts'
import { TokentrayError } from '../../app/contract/errors.ts'
import { type Gateway, type GatewayOptions, startGateway } from '../../app/gateway/gateway.ts'
import type { Admission, OwnRoutes } from '../../app/gateway/port.ts'
import type { Sighting } from '../../app/health/outage.ts'
import type { Upstream, Upstreams } from '../../app/keeper/upstreams.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export type GatewaySetting = {
  gateway: Gateway
  /** What the upstream saw, in its order. */
  seen: { method: string; url: string; headers: IncomingMessage['headers']; raw: string[]; body: Buffer }[]
  /** Counts of what the forwarder told the core, and what it asked. */
  told: {
    sightings: Sighting[]
    accepted: number
    scopes: (string | null)[]
    renewals: number
    retries: number
    uses: string[]
    counted: string[]
  }
  /** The generation of the token that goes up as `Bearer upstream-<generation>`, and the scopes that were granted. */
  token: {
    generation: number
    signInNumber: number
    scope: string | null
    fails: TokentrayError | null
    renewFails: TokentrayError | null
  }
  /** Cuts whoever is let in. */
  revoke(): void
  upstreamUrl: string
  stop(): Promise<void>
}

/** The local key that is let in. */
export const key = 'local-key'

export async function startSetting(
  answer: Answer,
  change: Partial<GatewayOptions> & {
    upstream?: Partial<Upstream>
    path?: string
    readsBody?: boolean
    /** Decides who is let in, in place of the one key. */
    admit?: Admission['admit']
  } = {}
): Promise<GatewaySetting> {
  const { upstream: given = {}, path = '/mcp', readsBody = true, admit, ...options } = change
  const seen: GatewaySetting['seen'] = []
  const upstream = createServer((request, response) => {
    const entry = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      raw: request.rawHeaders,
      body: Buffer.alloc(0)
    }
    seen.push(entry)
    if (!readsBody) return answer(request, response)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      entry.body = Buffer.concat(chunks)
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}${path}`
  const told: GatewaySetting['told'] = {
    sightings: [],
    accepted: 0,
    scopes: [],
    renewals: 0,
    retries: 0,
    uses: [],
    counted: []
  }
  const token: GatewaySetting['token'] = {
    generation: 1,
    signInNumber: 1,
    scope: 'read write',
    fails: null,
    renewFails: null
  }
  let nonce: string | null = null
  const made = () => {
    const { generation } = token
    const proof = (): [string, string][] => (nonce === null ? [] : [['dpop', `proof-with-${nonce}`]])
    return {
      generation,
      signInNumber: token.signInNumber,
      scope: token.scope,
      headers: (): [string, string][] => [['authorization', `Bearer upstream-${generation}`], ...proof()],
      noteNonce(_: string, given: string | null | undefined) {
        const isNews = typeof given === 'string' && given !== nonce
        if (isNews) nonce = given
        return isNews
      }
    }
  }
  let renewing: Promise<void> | null = null
  const upstreams: Upstreams = {
    find: (id) =>
      id === 'one' || id === 'two'
        ? { id, name: id.toUpperCase(), url: upstreamUrl, mode: 'token', certificate: null, ...given }
        : null,
    async token() {
      if (token.fails) throw token.fails
      return made()
    },
    async renewed(_, generation) {
      if (token.renewFails) throw token.renewFails
      if (generation === token.generation) {
        renewing ??= Promise.resolve().then(() => {
          told.renewals++
          token.generation++
          renewing = null
        })
        await renewing
      }
      return made()
    },
    // As the core does it: a token is refreshed for a doubt once, and one that was obtained so is not doubted again.
    suspected: () => {},
    async retried(_, generation) {
      if (token.renewFails) throw token.renewFails
      if (generation !== token.generation) return made()
      if (generation > 1) return null
      told.retries++
      token.generation++
      return made()
    },
    remedy: (id) => `Run "tokentray login ${id}".`,
    retryAfter: () => 30,
    saw: (_, sighting) => void told.sightings.push(sighting),
    accepted: () => void told.accepted++,
    needsScope: (_, scopes) => void told.scopes.push(scopes)
  }
  const cuts = new Set<() => void>()
  const admission: Admission = {
    async admit(headers, server, isKeyOnly) {
      if (admit) return admit(headers, server, isKeyOnly)
      const isKey = headers['x-tokentray-key'] === key || (!isKeyOnly && headers.authorization === `Bearer ${key}`)
      return isKey
        ? { ok: true, caller: { client: 'c', name: 'test', kind: 'key', signIn: null } }
        : { ok: false, status: 401, error: 'invalid_token', description: `No key for "${server}".` }
    },
    onRevoked(_, __, cut) {
      cuts.add(cut)
      return () => cuts.delete(cut)
    },
    noteUse: (_, server) => void told.uses.push(server)
  }
  const own: OwnRoutes = {
    async handle(request, response, origin) {
      if (!request.url?.startsWith('/.well-known/')) return false
      response.end(origin)
      return true
    }
  }
  const gateway = await startGateway({
    parts: () => ({ upstreams, admission, own }),
    resolveProxy: async () => null,
    metrics: { countRequest: (server, result) => void told.counted.push(`${server} ${result}`) },
    refused: () => {},
    settings: { gatewayHeaderTimeout: 300_000, gatewayKeepBody: 1_048_576, gatewayUsers: [] },
    notice: () => {},
    log: silentLog,
    clock: systemClock(),
    port: 0,
    publicUrl: null,
    ...options
  })
  return {
    gateway,
    seen,
    told,
    token,
    upstreamUrl,
    revoke: () => {
      for (const cut of [...cuts]) cut()
    },
    async stop() {
      await gateway.close()
      await new Promise<void>((resolve) => {
        upstream.close(() => resolve())
        upstream.closeAllConnections()
      })
    }
  }
}

export type Reply = {
  status: number
  headers: IncomingMessage['headers']
  raw: string[]
  trailers: NodeJS.Dict<string>
  text: string
}

/** One request as written, without what fetch would add, normalise or forbid. The key is sent unless told otherwise. */
export function ask(
  { gateway }: { gateway: Pick<Gateway, 'port'> },
  path: string,
  { body, key: given = key, ...options }: RequestOptions & { body?: string | Buffer; key?: string | null } = {}
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { ...(given === null ? {} : { 'x-tokentray-key': given }), ...(options.headers as object) }
    const request = httpRequest({ host: '127.0.0.1', port: gateway.port, path, ...options, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          raw: response.rawHeaders,
          trailers: response.trailers,
          text: Buffer.concat(chunks).toString()
        })
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

export const signInNeeded = new TokentrayError(
  'signInNeeded',
  'Sign in to ONE: open Tokentray or run "tokentray login one".'
)
