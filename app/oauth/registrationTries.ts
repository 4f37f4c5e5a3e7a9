// Registers a client in several tries: a server that refuses one form of the request may well accept another one.
// Asked once only, a server that takes no public clients or no refresh_token, for example, could not be signed in to at all.
import type { ClientAuthMethod } from '../contract/serverConfig.ts'
import type { Discovery } from './discovery.ts'
import { deleteClient } from './management.ts'
import {
  clientMethod,
  Refusal,
  type Registered,
  type RegistrationContext,
  type RegistrationShape,
  register,
  takesRefresh
} from './registrationRequest.ts'

/** What is registered for. */
export type Wanted = {
  /** null: a client for device codes, which has none. */
  redirectUri: string | null
  /** The preferred scopes first. */
  scopes: (string | null)[]
  /** Opens a callback at the other loopback host, and resolves with its redirect URI; null: there is none. */
  openOther: (() => Promise<string>) | null
  /** A client without a secret is of no use, although the server registers one. */
  needsSecret: boolean
}

/** All tries together, the first one included. */
const maxTries = 6

type Part = 'method' | 'refresh' | 'scope' | 'redirect'
type Change = { part: Part; to: (shape: RegistrationShape) => RegistrationShape | Promise<RegistrationShape> }

/** By what a refusal's words name a part of the request. */
const names: Record<Part, RegExp> = {
  method: /auth\w*[ _]?method|client[ _]?(secret|authentication)|public|confidential|\bnone\b|private_key_jwt/i,
  refresh: /refresh|grant[ _]?type/i,
  scope: /scope|offline_access/i,
  redirect: /redirect|loopback|localhost|127\.0\.0\.1|callback|\bur[il]s?\b|https?\b/i
}

/**
 * The registration, after at most six tries, each only after a clear refusal of the one before. What the refusal names is changed
 * first. A change stays if the server then objects to something else, and is taken back if it objects as before. Clients that
 * were registered on the way and cannot be used are deleted where the server offers that.
 * Rejects with TokentrayError, of several refusals with that of the best try, or with NetworkFault.
 */
export async function registerByTries(
  discovery: Discovery,
  wanted: Wanted,
  context: RegistrationContext
): Promise<Registered> {
  const { server } = discovery
  const { method, key, others } = clientMethod(server, wanted.needsSecret)
  const [scope = null, ...narrower] = wanted.scopes
  let best: RegistrationShape = {
    method,
    key,
    redirectUri: wanted.redirectUri,
    scope,
    hasRefresh: takesRefresh(server)
  }
  let left = changesOf(best, { ...wanted, narrower, ...others })
  let refusal: Refusal | null = null
  let shape = best
  let changed: Part | null = null
  for (let tries = 1; ; tries++) {
    const outcome = await register(discovery, shape, context)
    if (!(outcome instanceof Refusal)) return outcome
    const { management } = outcome
    if (management) await deleteClient(server.issuer, management, context.sendRequest, context.signal)
    const hasHelped = changed !== null && outcome.words !== refusal?.words && !names[changed].test(outcome.words)
    if (refusal === null || hasHelped) {
      refusal = outcome
      best = shape
    }
    const { words, isUnusable } = refusal
    // Each further try would leave one more client that cannot be used: only another method may change that.
    if (isUnusable) left = left.filter(({ part }) => part === 'method')
    const next = left.find(({ part }) => names[part].test(words)) ?? left[0]
    if (!next || !outcome.isClear || tries === maxTries) throw refusal.error
    left = left.filter((each) => each !== next)
    changed = next.part
    shape = await next.to(best)
  }
}

function changesOf(
  first: RegistrationShape,
  {
    narrower,
    openOther,
    listed,
    unlisted
  }: Wanted & { narrower: (string | null)[]; listed: ClientAuthMethod[]; unlisted: ClientAuthMethod[] }
): Change[] {
  const toMethod = (method: ClientAuthMethod): Change => ({ part: 'method', to: (shape) => ({ ...shape, method }) })
  const toScope = (scope: string | null): Change => ({ part: 'scope', to: (shape) => ({ ...shape, scope }) })
  const toOther = async (shape: RegistrationShape) => ({ ...shape, redirectUri: (await openOther?.()) ?? null })
  const withoutRefresh: Change[] = first.hasRefresh
    ? [{ part: 'refresh', to: (shape) => ({ ...shape, hasRefresh: false }) }]
    : []
  // More scopes than this sign-in needs, for other servers' sake: that is the first thing to give up.
  const [own, least] = narrower.length > 1 ? [narrower.slice(0, 1), narrower.slice(1)] : [[], narrower]
  return [
    ...own.map(toScope),
    ...listed.map(toMethod),
    ...withoutRefresh,
    ...least.map(toScope),
    ...(openOther ? [{ part: 'redirect' as const, to: toOther }] : []),
    ...unlisted.map(toMethod)
  ]
}
