// Decides for each request who may use a server: one hash and one indexed read, so a revocation takes effect at once.
// Also keeps the list of open streams, so that each can be cut when its caller loses access.
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import { Secret } from '../../base/secret.ts'
import { isMetricsKey } from '../../contract/metricsKey.ts'
import type { LocalAccess } from '../../vault/localAccess.ts'
import type { Admission, Caller, Refusal } from '../port.ts'
import type { BridgeKeys } from './bridgeKeys.ts'
import { hashOf } from './credentials.ts'
import type { Refusals } from './refusals.ts'
import { lockedSentence } from './replies.ts'
import { isFromElsewhere } from './source.ts'

type Stream = { client: string; signIn: string | null; server: string; cut: () => void }

/** Which streams to cut: those that match every field given, so all if none is. */
export type StreamFilter = { client?: string; signIn?: string; server?: string }

const refuse = (status: Refusal['status'], error: Refusal['error'], description: string) =>
  ({ ok: false, status, error, description }) as const

/** For pass-through servers, where signing in to Tokentray does not help. */
const keyNeeded = 'Send a Tokentray key as X-Tokentray-Key. Create one with tokentray clients add-key.'

const onlyHere = (name: string) =>
  `The key "${name}" works on the computer that runs Tokentray only. For the public URL, create one with --public.`

/** The credential of a request; null: none, 'malformed': one that cannot be read. */
function credentialOf(headers: IncomingHttpHeaders): Secret | 'malformed' | null {
  const key = headers['x-tokentray-key']
  if (key !== undefined) return typeof key === 'string' && /^[\w-]{1,200}$/.test(key) ? new Secret(key) : 'malformed'
  if (headers.authorization === undefined) return null
  const [, scheme = '', text] = /^([\w-]+)(?: +(.*))?$/.exec(headers.authorization) ?? []
  if (scheme.toLowerCase() !== 'bearer') return 'malformed'
  return text !== undefined && /^[\w.~+/-]{1,4096}=*$/.test(text) ? new Secret(text) : 'malformed'
}

export function createAdmission(o: {
  local: LocalAccess
  bridgeKeys: Pick<BridgeKeys, 'holder'>
  clock: Clock
  isLocked(): boolean
  noteUse: Admission['noteUse']
  exists(server: string): boolean
  refused: Refusals['note']
}) {
  const streams = new Set<Stream>()
  /** How many cuts there had been when a caller was admitted. */
  const cutsBefore = new WeakMap<Caller, number>()
  /** The latest cuts: one may come between a caller's admission and its stream. */
  const latest: { number: number; which: StreamFilter }[] = []
  let cuts = 0

  const admission: Admission = {
    async admit(headers, server, isKeyOnly) {
      const credential = credentialOf(headers)
      const hash = credential instanceof Secret ? hashOf(credential) : null
      const before = cuts
      const bridgeKey = hash === null ? null : o.bridgeKeys.holder(hash)
      const holder = bridgeKey ?? (hash === null ? null : await o.local.holder(hash, o.clock.now()))
      const isKnown = holder !== null
      // While locked, callers without a credential get this too: a sign-in would not help them.
      if (o.isLocked()) return { ...refuse(503, 'temporarily_unavailable', lockedSentence), isKnown }
      if (credential === null) return refuse(401, 'invalid_token', 'Sign in to Tokentray, or send a Tokentray key.')
      const hasKey = headers['x-tokentray-key'] !== undefined
      // For every name, or strangers could tell by these words which servers use pass-through.
      const hint = hasKey ? '' : ' A server with pass-through needs a Tokentray key as X-Tokentray-Key.'
      if (credential === 'malformed') return refuse(400, 'invalid_request', `The credential could not be read.${hint}`)
      if (!holder) return refuse(401, 'invalid_token', `This token or key is unknown, revoked or expired.${hint}`)
      if (isKeyOnly && !hasKey) return { ...refuse(403, 'insufficient_scope', keyNeeded), isKnown }
      if (!holder.isPublic && isFromElsewhere(headers))
        return { ...refuse(403, 'insufficient_scope', onlyHere(holder.name)), isKnown }
      if (!holder.servers.includes(server)) {
        if (o.exists(server)) o.refused('otherServer', `${holder.name}, at ${server}`)
        // With a token for another server the client has to sign in for this one (RFC 8707). A key cannot sign in.
        if (holder.kind === 'oauth')
          return { ...refuse(401, 'invalid_token', `This token is not for ${server}.`), isKnown }
        return { ...refuse(403, 'insufficient_scope', `The key "${holder.name}" is not for ${server}.`), isKnown }
      }
      const { client, name, kind, signIn } = holder
      const caller: Caller = { client, name, kind, signIn }
      cutsBefore.set(caller, before)
      return { ok: true, caller }
    },
    onRevoked(caller, server, cut) {
      const before = cutsBefore.get(caller) ?? cuts
      const stream = { client: caller.client, signIn: caller.signIn, server, cut }
      if (latest.some(({ number, which }) => number > before && matches(stream, which))) {
        cut()
        return () => {}
      }
      streams.add(stream)
      return () => void streams.delete(stream)
    },
    noteUse: o.noteUse
  }

  return {
    admission,
    /** Whether this request may read the metrics: it needs a key made for just that, and no lock. */
    async admitsToMetrics(headers: IncomingHttpHeaders): Promise<boolean> {
      const credential = credentialOf(headers)
      if (o.isLocked() || !(credential instanceof Secret)) return false
      const holder = await o.local.holder(hashOf(credential), o.clock.now())
      if (!holder || !isMetricsKey(holder.client) || (!holder.isPublic && isFromElsewhere(headers))) return false
      o.noteUse(holder, 'metrics')
      return true
    },
    /** Cuts the open streams that match `which`. */
    cut(which: StreamFilter): void {
      latest.push({ number: ++cuts, which })
      if (latest.length > 64) latest.shift()
      for (const stream of [...streams]) {
        if (!matches(stream, which)) continue
        streams.delete(stream)
        stream.cut()
      }
    }
  }
}

function matches(stream: Stream, { client, signIn, server }: StreamFilter): boolean {
  return (
    (client === undefined || stream.client === client) &&
    (signIn === undefined || stream.signIn === signIn) &&
    (server === undefined || stream.server === server)
  )
}
