// The gateway's interfaces: what forwarding needs from admission (who is let in) and the keeper (which token is sent).
// Types only: gateway.ts joins the implementations, and tests replace them.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Upstreams } from '../keeper/upstreams.ts'

/** Who asks, once let in. `client` is its stable id, `name` what people read, `signIn` its sign-in; null: it has a key. */
export type Caller = { client: string; name: string; kind: 'oauth' | 'key'; signIn: string | null }

/** Why nobody is let in. `description` is one sentence a person can act on. */
export type Refusal = {
  status: 400 | 401 | 403 | 429 | 503
  error: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'temporarily_unavailable'
  description: string
  /** The credential is valid, though not for this: its holder gets a more precise answer than a stranger. */
  isKnown?: boolean
}

export interface Admission {
  /**
   * Judges the local credential for `server`: `Authorization: Bearer …` (RFC 6750) or `X-Tokentray-Key`, in constant
   * time. `isKeyOnly`: a pass-through server, where `Authorization` is meant for the upstream and admits nobody; a caller
   * without a valid credential is refused in the same words there, or the words would tell strangers which names exist.
   */
  admit(
    headers: IncomingHttpHeaders,
    server: string,
    isKeyOnly: boolean
  ): Promise<{ ok: true; caller: Caller } | ({ ok: false } & Refusal)>
  /** Calls `cut` once this caller loses access to this server (revoked, lock all); returns what stops that. */
  onRevoked(caller: Caller, server: string, cut: () => void): () => void
  /** The caller used the server just now: bounded activity and last use. Called per request, so it must be cheap. */
  noteUse(caller: Caller, server: string): void
}

/** The origin's own routes: /.well-known/*, /authorize, /token, /register, /revoke and below them. */
export interface OwnRoutes {
  /**
   * Answers and resolves true, or resolves false where the path is none of its own. `Host` and `Origin` were checked.
   * `origin` is how this client addresses the gateway, without a slash at its end: the public URL, or
   * `http://<Host header>`. It is the issuer, and `${origin}/<server>` the resource, for this client. `isOwnUser`: the
   * connection is of a program of this user, as far as the system can tell users apart.
   */
  handle(request: IncomingMessage, response: ServerResponse, origin: string, isOwnUser: boolean): Promise<boolean>
}

/** What there is to answer with once the vault is open. */
export type GatewayParts = { upstreams: Upstreams; admission: Admission; own: OwnRoutes }
