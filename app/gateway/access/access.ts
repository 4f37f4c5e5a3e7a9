// The gateway's authorization server: joins its routes, admission, the consent a person gives, and the lock.
// Requests waiting for consent are in memory; everything else is in the vault, so clients survive a restart.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import pLimit from 'p-limit'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { ClientsView } from '../../contract/clients.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { isServerName } from '../../contract/serverConfig.ts'
import type { LocalAccess } from '../../vault/localAccess.ts'
import type { Admission, OwnRoutes } from '../port.ts'
import { createActivity } from './activity.ts'
import { createAdmission } from './admission.ts'
import { approve, createAuthorize, refusal, type ServerIds, unanswered } from './authorize.ts'
import { type BridgeKeys, createBridgeKeys } from './bridgeKeys.ts'
import type { RandomBytes } from './credentials.ts'
import { perMinute } from './limit.ts'
import { resourceMetadata, resourceOfPath, serverMetadata } from './metadata.ts'
import { Pending } from './pending.ts'
import type { Refusals } from './refusals.ts'
import { register } from './registration.ts'
import { allowsMethod, locked, OAuthError, readForm, readJson, refusePage, sendError, sendJson } from './replies.ts'
import { isRemote, type Place } from './source.ts'
import { createTokens } from './tokens.ts'

const registrationsPerMinute = 20
const requestsPerMinute = 60
/** Requests that work on the vault at the same time, and those that wait for their turn. */
const maxConcurrent = 64
const defaultMaxQueued = 10_000
/** How long a request body may take to arrive. */
const bodyTimeoutMs = 10_000
const firstSweepMs = 60_000
const sweepEveryMs = 10 * 60_000

export type AccessOptions = {
  local: LocalAccess
  clock: Clock
  randomBytes: RandomBytes
  log: Log
  /** The ids of all servers as they are now. */
  servers: ServerIds
  refused: Refusals['note']
  /** Called when the result of view() has changed. */
  onChange(): void
  /** How many requests may wait for their turn; what comes then is told to try again. */
  maxQueued?: number
}

export type Access = {
  admission: Admission
  /** Whether these headers hold a key for the metrics. */
  admitsToMetrics(headers: IncomingHttpHeaders): Promise<boolean>
  /** Keys of running bridges. */
  bridgeKeys: BridgeKeys
  own: OwnRoutes
  view(): ClientsView
  /** Gives a waiting client access. `servers`: needed if it named none. `always`: see approve(). */
  allow(request: string, servers: string[] | undefined, always: boolean): Promise<void>
  deny(request: string): void
  /** Revokes a client with all its tokens, or a key. Rejects `clientUnknown`. */
  revoke(id: string): Promise<void>
  /** Ends a key at `at` (ms since the epoch) at the latest. Rejects `clientUnknown`. */
  endKey(id: string, at: number): Promise<void>
  setLock(isLocked: boolean): Promise<void>
  /** Whether a browser may lift the lock that was let in by a link made at `linkedAt`, ms since the epoch. */
  mayUnlock(linkedAt: number): boolean
  /** A server was removed, and all access to it with it: cuts its streams. */
  serverRemoved(server: string): void
  /** A key or consent was added. */
  changed(): void
  writeActivity(): Promise<void>
  close(): Promise<void>
}

/** Rejects as reading the vault does. */
export async function createAccess(o: AccessOptions): Promise<Access> {
  const { local, clock, randomBytes, log, refused, maxQueued = defaultMaxQueued } = o
  let lockedAt = await local.lockedSince()
  let isLocked = lockedAt !== null
  let revision = 0
  const turns = pLimit(maxConcurrent)
  const changed = () => {
    revision++
    o.onChange()
  }
  const activity = createActivity({ local, clock, log })
  const bridgeKeys = createBridgeKeys({ clock, randomBytes })
  const { admission, admitsToMetrics, cut } = createAdmission({
    local,
    bridgeKeys,
    clock,
    isLocked: () => isLocked,
    noteUse: activity.note,
    exists: (server) => o.servers.has(server),
    refused
  })
  const pending = new Pending({ clock, randomBytes, onChange: o.onChange, giveUp: unanswered })
  const tokens = createTokens({
    ...o,
    async endSignIn({ id, client }, why) {
      await local.endSignIn(id)
      cut({ signIn: id })
      log.warn('a local sign-in was ended', { client, why })
      changed()
    }
  })
  const authorize = createAuthorize({
    ...o,
    pending,
    isLocked: () => isLocked,
    inTurn,
    mayAsk: perMinute(clock, requestsPerMinute)
  })
  const mayRegister = perMinute(clock, registrationsPerMinute)

  // Not at once: a core that lives for one command has nothing to clean up.
  let cancelSweep = clock.after(firstSweepMs, sweep)
  function sweep(): void {
    local.sweep(clock.now(), pending.clients()).then(
      ({ signIns, keys }) => {
        for (const signIn of signIns) cut({ signIn })
        for (const client of keys) cut({ client })
        if (signIns.length + keys.length > 0) changed()
      },
      (error: unknown) => log.error('expired access could not be removed', error)
    )
    cancelSweep = clock.after(sweepEveryMs, sweep)
  }

  /** Only for work on a request that has arrived whole: a slow body must take nobody's turn. */
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (turns.pendingCount >= maxQueued)
      throw new OAuthError('temporarily_unavailable', 'Too many requests at once. Try again.', 503)
    return turns(work)
  }

  async function post(request: IncomingMessage, response: ServerResponse, path: string, place: Place) {
    if (!allowsMethod(request, response, 'POST')) return
    refusePage(request.headers)
    if (isLocked && path !== '/revoke') throw locked()
    const cancel = clock.after(bodyTimeoutMs, () => request.destroy())
    request.once('close', cancel)
    switch (path) {
      case '/register': {
        const metadata = await readJson(request)
        // Registrations from elsewhere leave those of this computer their own.
        if (!mayRegister(isRemote(request.headers, place) ? 'remote' : 'local'))
          throw new OAuthError('temporarily_unavailable', 'Too many registrations. Try again.', 429)
        const registering = { ...o, now: clock.now(), waitingClients: pending.clients() }
        return sendJson(response, 201, await inTurn(() => register(metadata, registering)))
      }
      case '/token': {
        const form = await readForm(request)
        return sendJson(response, 200, await inTurn(() => tokens.exchange(form, place.origin)))
      }
      case '/revoke': {
        const form = await readForm(request)
        await inTurn(() => tokens.revoke(form))
        return sendJson(response, 200, {})
      }
    }
  }

  function wellKnown(request: IncomingMessage, response: ServerResponse, path: string, origin: string) {
    if (!allowsMethod(request, response, 'GET')) return
    if (path === '/.well-known/oauth-authorization-server' || path === '/.well-known/openid-configuration')
      return sendJson(response, 200, serverMetadata(origin))
    const id = resourceOfPath(path)
    if (id === '' || isServerName(id)) return sendJson(response, 200, resourceMetadata(origin, id))
    sendError(response, new OAuthError('not_found', 'Page not found.', 404))
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    origin: string,
    isOwnUser: boolean
  ): Promise<boolean> {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2)
    if (path.startsWith('/.well-known/')) wellKnown(request, response, path, origin)
    else if (path === '/authorize' || path.startsWith('/authorize/')) {
      // No HEAD: it would ask a person, or use up a consent given ahead, for nobody.
      if (request.method === 'HEAD') throw new OAuthError('invalid_request', 'Only GET is allowed here.', 405)
      if (allowsMethod(request, response, 'GET'))
        await authorize.handle(request, response, path, new URLSearchParams(query), { origin, isOwnUser })
    } else if (['/register', '/token', '/revoke'].includes(path))
      await post(request, response, path, { origin, isOwnUser })
    else return false
    return true
  }

  const own: OwnRoutes = {
    async handle(request, response, origin, isOwnUser) {
      try {
        return await answer(request, response, origin, isOwnUser)
      } catch (error) {
        if (!(error instanceof OAuthError) && !request.errored) log.error('a request of a local client failed', error)
        if (!response.headersSent) sendError(response, error)
        return true
      }
    }
  }

  function find(id: string) {
    const request = pending.open(id)
    if (request) return request
    throw new TokentrayError('clientUnknown', 'This request is no longer pending. It was answered or has expired.')
  }

  return {
    admission,
    admitsToMetrics,
    bridgeKeys,
    own,
    view: () => ({ pending: pending.views(), locked: isLocked, revision }),
    async allow(id, servers, always) {
      const { asked } = find(id)
      if (asked.servers && servers?.some((server) => !asked.servers!.includes(server)))
        throw new TokentrayError('inputInvalid', 'This client requested other servers.')
      const allowed = servers ?? asked.servers
      if (!allowed)
        throw new TokentrayError('inputInvalid', 'This client did not name a server. Choose the servers it may use.')
      await pending.decide(id, approve(o, asked, allowed, always))
      log.info('a local client was let in', { client: asked.client.name, servers: allowed.join(' '), always })
      changed()
    },
    deny(id) {
      const { asked } = find(id)
      pending.settle(id, refusal(asked, new OAuthError('access_denied', 'The request was denied in Tokentray.')))
      log.info('a local client was denied', { client: asked.client.name })
    },
    async revoke(id) {
      if (!bridgeKeys.remove(id) && !(await local.remove(id)))
        throw new TokentrayError('clientUnknown', 'There is no such client or key.')
      pending.endAll(id)
      cut({ client: id })
      log.info('a local client was revoked', { client: id })
      changed()
    },
    async endKey(id, at) {
      if (!(await local.endKey(id, at))) throw new TokentrayError('clientUnknown', 'There is no such key.')
      log.info('a key was given an end', { key: id })
      changed()
    },
    async setLock(wanted) {
      if (!wanted && !isLocked) return
      // Locked in memory first: the lock must hold even if the vault cannot be written.
      if (wanted) {
        isLocked = true
        lockedAt = clock.now()
        pending.endAll()
        cut({})
        changed()
      }
      await local.setLock(wanted ? clock.now() : null)
      isLocked = wanted
      log.warn(wanted ? 'the gateway was locked' : 'the gateway was unlocked')
      changed()
    },
    // Whoever locks may mean the browsers that are in already.
    mayUnlock: (linkedAt) => lockedAt === null || linkedAt > lockedAt,
    serverRemoved(server) {
      cut({ server })
      changed()
    },
    changed,
    writeActivity: activity.write,
    async close() {
      cancelSweep()
      pending.close()
      cut({})
      await activity.write()
    }
  }
}
