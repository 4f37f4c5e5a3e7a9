// A scripted core for the pages: the built bundle as it is, over the HTTP that browsers speak, under the strict CSP.
// Its snapshot shows all six states, like the mock-up; tests change it and read what was called.
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { type ClientView, noClients } from '../../app/contract/clients.ts'
import { compareServers } from '../../app/contract/follower.ts'
import type { SettingsChanges, SettingsView } from '../../app/contract/settings.ts'
import type { SnapshotMessage } from '../../app/contract/stream.ts'
import { streamVersion } from '../../app/contract/streamVersion.ts'
import type { HistoryEvent, ServerView, Snapshot } from '../../app/contract/views.ts'
import { defaultSchedule } from '../../app/health/schedule.ts'
import { themed } from '../../app/net/page.ts'
import { answerBy } from '../fakes/answerBy.ts'
import { healthyView } from '../fakes/view.ts'

const min = 60_000
const hour = 60 * min
export const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml'
}

/** A healthy server; `given` makes it something else. */
export function serverView(given: Partial<ServerView> & { id: string }, now: number): ServerView {
  return healthyView({
    url: `https://mcp.${given.id}.example/mcp`,
    since: now - 8 * min,
    nextAt: now + 41 * min,
    obtainedAt: now - 8 * min,
    expiresAt: now + 52 * min,
    acceptedAt: now - 3 * min,
    issuer: `https://${given.id}.example`,
    scope: 'read write offline_access',
    resource: `https://mcp.${given.id}.example/mcp`,
    clientId: 'c7d1f0',
    ...given
  })
}

const time = (at: number) => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })

const event = (at: number, kind: HistoryEvent['kind'], detail: string, more: Partial<HistoryEvent> = {}) => ({
  at,
  kind,
  detail,
  fault: null,
  expiresAt: null,
  ...more
})

/** A day of one-hour tokens with a short outage, a gap of nine minutes, and an outage now. */
export function historyOf(now: number): HistoryEvent[] {
  const events: HistoryEvent[] = [
    event(now - 30 * hour, 'signedIn', 'Signed in, valid for 1 h', { expiresAt: now - 29 * hour })
  ]
  for (let at = now - 29.2 * hour; at < now - 12 * hour; at += 0.8 * hour)
    events.push(event(at, 'refreshed', 'Refreshed, valid for 1 h', { expiresAt: at + hour }))
  const last = events.at(-1)!.at
  for (const minutes of [48, 49, 51, 55, 60])
    events.push(
      event(last + minutes * min, 'refreshFailed', 'The authorization server was busy: HTTP 503.', { fault: 'busy' })
    )
  for (let at = last + 69 * min; at < now - 40 * min; at += 0.8 * hour)
    events.push(event(at, 'refreshed', 'Refreshed, valid for 1 h', { expiresAt: at + hour }))
  const newest = events.at(-1)!.at
  events.push(event(newest + min, 'signedIn', 'Signed in, valid for 1 h', { expiresAt: now + 11 * min }))
  for (const minutes of [3, 2, 1])
    events.push(
      event(now - minutes * min, 'refreshFailed', 'The authorization server was busy: HTTP 503.', { fault: 'busy' })
    )
  return events.toReversed()
}

/** A day that ended with a refused refresh token. */
function refusedHistory(now: number): HistoryEvent[] {
  const refused = event(now - 29 * min, 'refreshFailed', 'The server rejected the refresh token (invalid_grant).', {
    fault: 'refused'
  })
  const before = historyOf(now - 31 * min).filter(({ at }) => at < refused.at - 10 * min)
  return [refused, ...before]
}

export const clientOf = (change: Partial<ClientView>): ClientView => ({
  id: 'c',
  kind: 'oauth',
  name: 'Client',
  redirectUris: [],
  servers: ['github'],
  always: [],
  since: 0,
  expiresAt: null,
  lastUse: null,
  ...change
})

/** The mock-up's list, in the order of every list. */
export function sixStates(now: number): ServerView[] {
  return [
    serverView(
      {
        id: 'notion',
        name: 'Notion',
        url: 'https://mcp.notion.com/mcp',
        light: 'red',
        state: 'needsUser',
        words: 'Sign-in needed: the server rejected the refresh token',
        detail: `The server rejected the refresh token at ${time(now - 29 * min)} (invalid_grant). The last token expired at ${time(now - 20 * min)}.`,
        action: 'signIn',
        nextAt: null,
        obtainedAt: now - 80 * min,
        expiresAt: now - 20 * min,
        issuer: 'https://mcp.notion.com',
        resource: 'https://mcp.notion.com/mcp',
        acceptedAt: now - 24 * min,
        fault: 'refused'
      },
      now
    ),
    serverView(
      {
        id: 'linear',
        name: 'Linear',
        url: 'https://mcp.linear.app/mcp',
        light: 'amber',
        state: 'waiting',
        words: 'Retrying · attempt 3 · the authorization server is busy',
        detail: `The authorization server was busy at ${time(now - min)}: HTTP 503. The current token works until ${time(now + 11 * min)}.`,
        attempt: 3,
        nextAt: now + 38_000,
        obtainedAt: now - 49 * min,
        expiresAt: now + 11 * min,
        issuer: 'https://linear.app',
        resource: 'https://mcp.linear.app/mcp',
        refreshExpiresAt: now + 23 * 24 * hour,
        fault: 'busy',
        faultAt: now - min
      },
      now
    ),
    serverView(
      { id: 'github', name: 'GitHub', url: 'https://api.githubcopilot.com/mcp', registration: 'preRegistered' },
      now
    ),
    serverView(
      {
        id: 'sentry',
        name: 'Sentry',
        url: 'https://mcp.sentry.dev/mcp',
        state: 'refreshing',
        words: 'Refreshing…',
        nextAt: null,
        obtainedAt: now - 30 * min,
        expiresAt: now + 6 * min
      },
      now
    ),
    serverView(
      {
        id: 'billing',
        name: 'Billing',
        url: 'https://mcp.acme.internal/mcp',
        grantKind: 'clientCredentials',
        obtainedAt: now - 4 * hour,
        nextAt: now + 5 * hour,
        expiresAt: now + 7 * hour
      },
      now
    ),
    serverView(
      {
        id: 'cloudflare',
        name: 'Cloudflare',
        url: 'https://mcp.cloudflare.com/mcp',
        light: 'grey',
        paused: true,
        words: 'Paused'
      },
      now
    ),
    serverView(
      {
        id: 'figma',
        name: 'Figma',
        url: 'https://mcp.figma.com/mcp',
        light: 'grey',
        state: 'signedOut',
        words: 'Not signed in',
        action: 'signIn',
        since: null,
        nextAt: null,
        obtainedAt: null,
        expiresAt: null,
        expirySource: null,
        renewable: false,
        acceptedAt: null,
        issuer: null,
        registration: null,
        clientId: null
      },
      now
    )
  ].sort(compareServers)
}

/** The snapshot as the first message of a stream is; the pages put it in order themselves. */
export const messageOf = (snapshot: Snapshot): SnapshotMessage => ({
  version: streamVersion,
  kind: 'snapshot',
  snapshot
})

type Handler = (input: never) => unknown
export type Called = { command: string; input: Record<string, unknown> }

/** An error a handler throws to answer with a code. */
export class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Serves the bundle and plays the core. `close` ends it; `change` edits the snapshot and tells whoever listens. */
export async function startFixture(files: string, given: ServerView[] | null = null, clock = Date.now) {
  const now = clock()
  const servers = given ?? sixStates(now)
  const snapshot: Snapshot = {
    revision: 1,
    at: now,
    light: 'red',
    vault: {
      state: 'open',
      path: '/home/ada/.local/share/tokentray/vault.db',
      keySource: 'keychain',
      message: '',
      errorCode: null,
      offers: null
    },
    owner: { pid: 4711, kind: 'lasting', version: '0.1.0', startedAt: now - 2 * hour },
    theme: 'system',
    demo: 'off',
    refreshHold: null,
    clients: { ...noClients },
    gateway: { address: 'http://127.0.0.1:4140', port: 4140, publicUrl: null, problem: null },
    servers
  }
  const general: SettingsView = {
    schedule: defaultSchedule,
    overrides: {},
    concurrency: 16,
    logLevel: 'info',
    theme: 'system'
  }
  const streams = new Set<ServerResponse>()
  const called: Called[] = []
  const find = ({ server }: { server: string }) => snapshot.servers.find(({ id }) => id === server)!
  const view = (input: { server: string }) => ({ view: find(input) })
  const handlers: Record<string, Handler> = {
    'server.find': ({ url }: { url: string }) => ({ url }),
    snapshot: () => snapshot,
    'server.history': ({ server }: { server: string }) => ({
      events: server === 'notion' ? refusedHistory(now) : historyOf(now)
    }),
    'server.verify': (input: { server: string }) => ({
      ...view(input),
      verdict: 'accepted',
      sentence: 'It accepted the token (HTTP 200).'
    }),
    'server.refresh': view,
    'server.pause': view,
    'server.resume': view,
    'server.set': view,
    'server.giveToken': view,
    'server.forgetRegistration': (input) => ({ ...view(input), sentence: 'Registration deleted here.' }),
    'server.signOut': (input) => ({ ...view(input), revoked: 'The server revoked the tokens.' }),
    'server.remove': (input: { server: string }) => {
      change((s) => {
        s.servers = s.servers.filter(({ id }) => id !== input.server)
      })
      return { revoked: 'The server revoked the tokens.' }
    },
    'signIn.cancel': () => ({}),
    'settings.read': () => general,
    'settings.set': (changes: SettingsChanges) => {
      for (const [field, value] of Object.entries(changes.schedule ?? {})) {
        const overrides = general.overrides as Record<string, number>
        if (value === null) delete overrides[field]
        else overrides[field] = value as number
      }
      general.schedule = { ...defaultSchedule, ...(general.overrides as Partial<typeof defaultSchedule>) }
      if (changes.theme) {
        const { theme } = changes
        general.theme = theme
        change((s) => {
          s.theme = theme
        })
      }
      return general
    },
    'clients.list': () => ({
      clients: [
        clientOf({ id: 'c1', name: 'Claude Code', servers: ['github', 'linear'], always: ['github'] }),
        clientOf({
          id: 'k1',
          kind: 'key',
          name: 'ci',
          expiresAt: now + 90 * 24 * hour,
          lastUse: { at: now - 5 * min, server: 'github' }
        })
      ],
      pending: snapshot.clients.pending,
      locked: snapshot.clients.locked,
      refused: []
    }),
    'clients.activity': () => ({
      uses: [
        {
          client: 'k1',
          name: 'ci',
          kind: 'key',
          server: 'github',
          firstAt: now - 9 * min,
          lastAt: now - 5 * min,
          requests: 12
        }
      ]
    }),
    'demo.start': () => {
      change((s) => {
        s.demo = 'on'
        s.servers = [...s.servers, serverView({ id: 'steady', name: 'Steady', demo: true }, now)]
      })
      return { servers: ['steady'] }
    },
    'demo.stop': () => {
      change((s) => {
        s.demo = 'off'
        s.servers = s.servers.filter(({ demo }) => !demo)
      })
      return {}
    },
    diagnostics: () => ({ text: 'tokentray 0.1.0\nservers: 7' }),
    'vault.backup': () => ({ path: '/home/ada/.local/share/tokentray/backups/vault-1.db' }),
    poke: () => ({}),
    'servers.shown': () => ({})
  }

  function send(stream: ServerResponse): void {
    stream.write(`id: ${snapshot.revision}\ndata: ${JSON.stringify(messageOf(snapshot))}\n\n`)
  }
  /** Sends this message to whoever listens, whatever it is. */
  function tell(message: object): void {
    for (const stream of streams) stream.write(`data: ${JSON.stringify(message)}\n\n`)
  }
  function change(edit: (snapshot: Snapshot) => void): void {
    edit(snapshot)
    snapshot.revision++
    snapshot.at = clock()
    for (const stream of streams) send(stream)
  }

  const server = createServer(
    answerBy(async (request, response) => {
      response.setHeader('content-security-policy', policy)
      const path = new URL(request.url ?? '/', 'http://localhost').pathname
      if (path === '/snapshots') {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
        streams.add(response)
        response.on('close', () => streams.delete(response))
        return send(response)
      }
      if (path === '/call' && request.method === 'POST') {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk)
        const { command, input } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Called
        called.push({ command, input })
        const reply = await Promise.resolve()
          .then(() => {
            if (!handlers[command]) throw new Refusal('commandUnknown', `The fixture has no ${command}.`)
            return handlers[command](input as never)
          })
          .then(
            (value) => ({ ok: true, value }),
            ({ code = 'unexpected', message }) => ({ ok: false, code, message })
          )
        response.writeHead(200, { 'content-type': 'application/json' })
        return response.end(JSON.stringify(reply))
      }
      const file = join(files, normalize(path === '/' ? '/index.html' : path))
      if (!file.startsWith(files) || !existsSync(file)) return response.writeHead(404).end()
      if (path === '/') {
        response.writeHead(200, { 'content-type': types['.html'] })
        return response.end(themed(readFileSync(file), snapshot.theme))
      }
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
      createReadStream(file).pipe(response)
    })
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    snapshot,
    called,
    handlers,
    change,
    tell,
    /** Inputs of one command, in order. */
    inputsOf: (command: string) => called.filter((call) => call.command === command).map(({ input }) => input),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

export type Fixture = Awaited<ReturnType<typeof startFixture>>
