// A real authorization server on loopback (oidc-provider), with a fault layer in front: for the demo and end-to-end tests.
// It signs in everyone and grants everything, so it must never be reachable from another machine.
import { randomBytes } from 'node:crypto'
import { IncomingMessage } from 'node:http'
import type { AdapterPayload, ClientMetadata } from 'oidc-provider'
import { type Clock, systemClock } from '../base/clock.ts'
import type { AuthorityEvent } from './events.ts'
import { applyFault, createFaults, type Faults, type RequestFacts } from './faults.ts'
import { listen, readBody } from './listen.ts'
import type { Lifetimes } from './provider.ts'
import { createProvider, type DemoProvider } from './provider.ts'
import { createStore } from './store.ts'

export type AuthorityOptions = Lifetimes & {
  /** 0: of the system's choice. */
  port?: number
  host?: string
  /** Lifetimes and events run on it, so a test may move it ahead; `exp` inside a JWT is the machine's own time. */
  clock?: Clock
  accessTokenFormat?: 'opaque' | 'jwt'
  /** Differences for one protected resource. */
  forResource?: (resource: string) => Partial<Lifetimes>
  /** `refused`: any `resource` parameter is an error, as at servers that do not know RFC 8707. */
  resources?: 'loopback' | 'refused'
  /** Metadata names only the endpoint for device codes, as at servers without a sign-in by browser. */
  deviceOnly?: boolean
  /** A page asks the person for consent instead of giving it. */
  asksPerson?: boolean
  /** Tokens may be bound to a key (RFC 9449), and each proof needs a nonce. */
  dpop?: boolean
  /** More pre-registered clients. */
  clients?: readonly ClientMetadata[]
}

export type Authority = {
  readonly issuer: string
  readonly events: readonly AuthorityEvent[]
  readonly faults: Faults
  /** A pre-registered client (client credentials and code) with a throw-away secret made at start. */
  readonly confidentialClient: { clientId: string; clientSecret: string }
  /** For resource servers: is this token valid now, and made for this resource? */
  validate(accessToken: string, resource?: string): Promise<boolean>
  /** Ends grants at the server: their refresh and access tokens are dead. All, or those of a client or resource. */
  revokeAll(match?: { clientId?: string; resource?: string }): number
  /** Resolves with the first event, past or to come, that the test accepts. */
  seen(accept: (event: AuthorityEvent) => boolean): Promise<AuthorityEvent>
  /** Refuses connections until `comeBack`, on the same port and with everything remembered. */
  goDown(): Promise<void>
  comeBack(): Promise<void>
  stop(): Promise<void>
}

/** Rejects `portInUse`, and `unexpected` where oidc-provider is not installed. */
export async function startAuthority(options: AuthorityOptions): Promise<Authority> {
  const { port = 0, host = '127.0.0.1', clock = systemClock(), forResource = () => ({}) } = options
  const lifetimes = (resource: string | undefined): Lifetimes => ({
    ...options,
    ...(resource === undefined ? {} : forResource(resource))
  })
  const store = createStore(clock, (payload) => lifetimes(resourceOf(payload) ?? undefined).reuseGrace ?? 0)
  const faults = createFaults()
  const events: AuthorityEvent[] = []
  const watchers = new Set<(event: AuthorityEvent) => void>()
  const record = (event: Omit<AuthorityEvent, 'at'>) => {
    const dated = { at: clock.now(), ...event }
    events.push(dated)
    for (const watch of [...watchers]) watch(dated)
  }

  // The provider must know its port, so it comes after the listener; nobody knows the port before both are there.
  const listener = await listen({ port, host }, async (request, reply) => {
    const body = await readBody(request)
    const facts = factsOf(request, body)
    const handle = () => provider.handle(replayed(request, body), reply)
    const fault = faults.take(facts)
    if (!fault) return handle()
    record({ kind: 'faultMade', clientId: facts.clientId, resource: facts.resource, detail: fault.kind })
    applyFault(fault, reply, clock, handle)
  })
  const issuer = listener.origin
  const confidentialClient = { clientId: 'confidential', clientSecret: randomBytes(32).toString('base64url') }
  const provider: DemoProvider = await createProvider({
    issuer,
    store,
    clock,
    lifetimes,
    confidentialClient,
    clients: options.clients ?? [],
    accessTokenFormat: options.accessTokenFormat ?? 'opaque',
    asksPerson: options.asksPerson ?? false,
    refuseResources: options.resources === 'refused',
    deviceOnly: options.deviceOnly ?? false,
    dpop: options.dpop ?? false,
    record
  }).catch(async (error: unknown) => {
    await listener.close()
    throw error
  })

  return {
    issuer,
    events,
    faults,
    confidentialClient,
    validate: provider.validate,
    revokeAll(match = {}) {
      const ended = new Set<string>()
      for (const payload of [...store.records('RefreshToken'), ...store.records('AccessToken')]) {
        const { grantId, clientId } = payload
        const resource = resourceOf(payload)
        if (grantId === undefined || ended.has(grantId)) continue
        if (match.clientId !== undefined && match.clientId !== clientId) continue
        if (match.resource !== undefined && match.resource !== resource) continue
        ended.add(grantId)
        store.deleteGrant(grantId)
        record({ kind: 'grantRevoked', clientId: clientId ?? null, resource, detail: 'ended by the server' })
      }
      return ended.size
    },
    seen(accept) {
      const past = events.find(accept)
      if (past) return Promise.resolve(past)
      return new Promise((resolve) => {
        const watch = (event: AuthorityEvent) => {
          if (!accept(event)) return
          watchers.delete(watch)
          resolve(event)
        }
        watchers.add(watch)
      })
    },
    goDown: listener.close,
    comeBack: listener.open,
    stop: listener.close
  }
}

/** The one resource a record is about; null where it is about none or several. */
function resourceOf({ resource, aud }: AdapterPayload): string | null {
  const found = resource ?? aud
  return typeof found === 'string' ? found : found?.length === 1 ? (found[0] ?? null) : null
}

function factsOf(request: IncomingMessage, body: Buffer): RequestFacts {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://authority.invalid')
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
  const params = isForm ? new URLSearchParams(body.toString()) : searchParams
  const basic = /^basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const basicId = basic ? Buffer.from(basic, 'base64').toString().split(':')[0] : undefined
  return {
    path: pathname,
    clientId: params.get('client_id') ?? (basicId === undefined ? null : decodeURIComponent(basicId)),
    resource: params.get('resource'),
    grantType: params.get('grant_type')
  }
}

/** The request once more, its body unread: the provider insists on reading it itself. */
function replayed(request: IncomingMessage, body: Buffer): IncomingMessage {
  const copy = new IncomingMessage(request.socket)
  copy.method = request.method
  copy.url = request.url
  copy.headers = request.headers
  copy.rawHeaders = request.rawHeaders
  copy.httpVersion = request.httpVersion
  copy.httpVersionMajor = request.httpVersionMajor
  copy.httpVersionMinor = request.httpVersionMinor
  copy.complete = true
  if (body.length > 0) copy.push(body)
  copy.push(null)
  return copy
}
