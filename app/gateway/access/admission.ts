// Who is let in to which server: one hash and one indexed read per request, so that a revocation counts at the next one.
// Also the list of open streams, each with what cuts it when its caller loses access.
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../clock.ts'
import { Secret } from '../../secret.ts'
import type { LocalAccess } from '../../vault/localAccess.ts'
import type { Admission, Caller, Refusal } from '../port.ts'
import { hashOf } from './credentials.ts'
import type { PassingKeys } from './passing.ts'

type Stream = { client: string; signIn: string | null; server: string; cut: () => void }

/** Which streams: all, those of a client or key, of one sign-in, or to a server. */
export type Which = { client?: string; signIn?: string; server?: string }

const refuse = (status: Refusal['status'], error: Refusal['error'], description: string) =>
  ({ ok: false, status, error, description }) as const

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
  passing: Pick<PassingKeys, 'holder'>
  clock: Clock
  isLocked(): boolean
  noteUse: Admission['noteUse']
}) {
  const streams = new Set<Stream>()
  /** Which sign-in a caller came by; the forwarder need not know. */
  const signIns = new WeakMap<Caller, string>()

  const admission: Admission = {
    async admit(headers, server) {
      if (o.isLocked())
        return refuse(
          503,
          'temporarily_unavailable',
          'Tokentray is locked: unlock it there, or run "tokentray unlock".'
        )
      const credential = credentialOf(headers)
      if (credential === null) return refuse(401, 'invalid_token', 'Sign in to Tokentray, or send a key of its.')
      if (credential === 'malformed') return refuse(400, 'invalid_request', 'The credential cannot be read.')
      const hash = hashOf(credential)
      const holder = o.passing.holder(hash) ?? (await o.local.holder(hash, o.clock.now()))
      if (!holder) return refuse(401, 'invalid_token', 'This token or key is unknown, revoked, or its time is over.')
      if (!holder.servers.includes(server)) {
        // A token for another server is as good as none (RFC 8707): the client signs in for this one. A key cannot.
        if (holder.kind === 'oauth') return refuse(401, 'invalid_token', `This token is not for ${server}.`)
        return refuse(403, 'insufficient_scope', `The key "${holder.name}" is not for ${server}.`)
      }
      const caller: Caller = { client: holder.client, name: holder.name, kind: holder.kind }
      if (holder.signIn !== null) signIns.set(caller, holder.signIn)
      return { ok: true, caller }
    },
    onRevoked(caller, server, cut) {
      const stream = { client: caller.client, signIn: signIns.get(caller) ?? null, server, cut }
      streams.add(stream)
      return () => void streams.delete(stream)
    },
    noteUse: o.noteUse
  }

  return {
    admission,
    /** Cuts the open streams that are all of what `which` says. */
    cut(which: Which): void {
      for (const stream of [...streams]) {
        if (which.client !== undefined && stream.client !== which.client) continue
        if (which.signIn !== undefined && stream.signIn !== which.signIn) continue
        if (which.server !== undefined && stream.server !== which.server) continue
        streams.delete(stream)
        stream.cut()
      }
    }
  }
}
