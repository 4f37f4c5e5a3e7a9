// The gateway's authorization server and admission on a real vault and a real HTTP listener; commands go by the router.
// Behind admission stands an echo instead of an upstream: what is forwarded is another test's business.
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../app/base/clock.ts'
import { type Log, silentLog } from '../../../app/base/log.ts'
import type { Call } from '../../../app/contract/commands.ts'
import type { Door } from '../../../app/contract/door.ts'
import { type ErrorCode, TokentrayError } from '../../../app/contract/errors.ts'
import { createClientHandlers } from '../../../app/core/commands/clients.ts'
import { route } from '../../../app/core/router.ts'
import { type Access, createAccess } from '../../../app/gateway/access/access.ts'
import { createRefusals } from '../../../app/gateway/access/refusals.ts'
import type { Caller } from '../../../app/gateway/port.ts'
import type { LocalAccess } from '../../../app/vault/localAccess.ts'
import { openVault } from '../../../app/vault/open.ts'
import type { Vault } from '../../../app/vault/vault.ts'
import { answerBy } from '../../fakes/answerBy.ts'
import { freePort } from '../../support/freePort.ts'
import { sampleServer, vaultSetting } from '../../vault/vault.fixture.ts'

export type Gateway = {
  origin: string
  clock: Clock
  folder: string
  vault: Vault
  access: Access
  call: Call
  /** Sentences the log was given, with their fields. */
  logged: string[]
  /** Called with each request. */
  onRequest(listener: (request: IncomingMessage) => void): void
  /** Ends everything and begins anew on the same vault and port. */
  restart(): Promise<void>
  /** The status of a request to `server`, and who was let in. */
  use(server: string, headers: Record<string, string>): Promise<{ status: number; caller: Caller | null }>
}

export async function startGateway(
  clock: Clock = systemClock(),
  change: { maxQueued?: number; wrap?: (local: LocalAccess) => LocalAccess } = {}
): Promise<Gateway> {
  const setting = { ...vaultSetting(), clock }
  const logged: string[] = []
  const write = (message: string, fields = {}) => void logged.push(`${message} ${JSON.stringify(fields)}`)
  const log: Log = { ...silentLog, info: write, warn: write, error: (message, error) => write(`${message} ${error}`) }
  let http: Server
  const port = await freePort()

  async function open(): Promise<void> {
    const vault = await openVault(setting)
    if ((await vault.servers()).length === 0)
      for (const id of ['notes', 'other']) await vault.addServer({ ...sampleServer(id), name: id }, {})
    const known = (await vault.servers()).map(({ config }) => config)
    const refusals = createRefusals({ clock, log, onChange: () => access.changed() })
    const access: Access = await createAccess({
      local: change.wrap?.(vault.local) ?? vault.local,
      ...(change.maxQueued !== undefined && { maxQueued: change.maxQueued }),
      clock,
      randomBytes,
      log,
      servers: new Set(known.map(({ id }) => id)),
      refused: refusals.note,
      onChange: () => {}
    })
    const find = (typed: string) => {
      if (known.some(({ id }) => id === typed)) return typed
      throw new TokentrayError('serverUnknown', `There is no server named "${typed}".`)
    }
    const handlers = createClientHandlers({
      ...{ access, local: vault.local, clock, randomBytes, findServer: find },
      refused: refusals.views
    })
    Object.assign(gateway, {
      vault,
      access,
      async call(name: string, input: unknown, door: Door = 'cli') {
        const reply = await route(handlers as never, log, door, name, input)
        if (!reply.ok) throw new TokentrayError(reply.code as ErrorCode, reply.message)
        return reply.value
      }
    })
    http = createServer(
      answerBy(async (request, response) => {
        // No kept connection: the next one may be to the gateway after its restart.
        response.setHeader('connection', 'close')
        const origin = `http://${request.headers.host}`
        if (await access.own.handle(request, response, origin, true)) return
        const server = request.url!.slice(1)
        const admitted = await access.admission.admit(request.headers, server, false)
        if (admitted.ok) return response.end(JSON.stringify(admitted.caller))
        const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/${server}"`
        response.writeHead(admitted.status, { 'www-authenticate': `Bearer error="${admitted.error}", ${metadata}` })
        response.end(JSON.stringify(admitted))
      })
    )
    await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
  }

  async function close(): Promise<void> {
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
    await gateway.access.close()
    await gateway.vault.close()
  }

  const gateway = {
    origin: `http://127.0.0.1:${port}`,
    clock,
    folder: setting.folder,
    logged,
    onRequest(listener: (request: IncomingMessage) => void) {
      http.on('request', listener)
    },
    async restart() {
      await close()
      await open()
    },
    async use(server: string, headers: Record<string, string>) {
      const response = await fetch(`${gateway.origin}/${server}`, { headers })
      const caller = response.ok ? ((await response.json()) as Caller) : null
      if (!response.ok) await response.body?.cancel()
      return { status: response.status, caller }
    }
  } as Gateway
  await open()
  onTestFinished(close)
  return gateway
}

/** A browser that follows nothing by itself. */
export async function browse(
  url: string
): Promise<{ status: number; location: string | null; text: string; headers: Headers; ticket: string | null }> {
  const response = await fetch(url, { redirect: 'manual' })
  const location = response.headers.get('location')
  const text = await response.text()
  return {
    status: response.status,
    location: location && new URL(location, url).href,
    text,
    headers: response.headers,
    ticket: /data-ticket="([^"]+)"/.exec(text)?.[1] ?? null
  }
}

/** What a waiting page is told: 404 where its request is over, else where to go once somebody decided. */
export async function wait(
  origin: string,
  ticket: string | null,
  signal?: AbortSignal
): Promise<{ status: number; location: string | null }> {
  const headers = { 'x-tokentray-ticket': ticket ?? '' }
  const response = await fetch(`${origin}/authorize/wait`, { headers, signal: signal ?? null })
  const { location = null } = (await response.json()) as { location?: string }
  return { status: response.status, location }
}

export type Answer = (gateway: Gateway) => Promise<unknown>

/** Opens `url` as a browser would, lets the person answer, and comes back with where the browser is sent. */
export async function decide(gateway: Gateway, url: string, answer: Answer): Promise<URL> {
  const { ticket } = await browse(url)
  await answer(gateway)
  const { location } = await wait(new URL(url).origin, ticket)
  return new URL(location!)
}

export const allow =
  (always = false, servers?: string[]): Answer =>
  async ({ call, access }) =>
    call('clients.allow', { request: access.view().pending[0]!.request, always, ...(servers && { servers }) })

export const deny: Answer = async ({ call, access }) =>
  call('clients.deny', { request: access.view().pending[0]!.request })
