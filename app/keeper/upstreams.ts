// What the gateway asks of the keeper: where a server is, and which token to put on a request to it.
// Types only, so that the gateway can be tested without a keeper.
import type { ClientCertificate } from '../contract/serverConfig.ts'
import type { Sighting } from '../health/outage.ts'

/** 'token': ours goes up; 'passThrough': the client's own `Authorization` goes up untouched. */
export type Mode = 'token' | 'passThrough'

export type Upstream = { id: string; name: string; url: string; mode: Mode; certificate: ClientCertificate | null }

/** A token to use now. `generation` tells a refusal of it from one of a newer token. */
export type UpstreamToken = {
  generation: number
  /** The sign-in that it is from, perhaps with another account than the one before; a refresh changes nothing of this. */
  signInNumber: number
  /** The scopes that were granted; null: unknown. */
  scope: string | null
  /** What proves it on one request: `Authorization`, and what else its type asks for. */
  headers(method: string, url: string): readonly [string, string][] | Promise<readonly [string, string][]>
  /** Keeps what the answer's `DPoP-Nonce` says (RFC 9449 section 9); true: news, so the same token is worth another try. */
  noteNonce?(url: string, nonce: string | null | undefined): boolean
}

/** What the forwarder asks of the core. All rejections are TokentrayErrors (signInNeeded, tokenUnavailable, …). */
export interface Upstreams {
  find(server: string): Upstream | null
  /** The token to use now; waits for a refresh in flight where the one at hand has ended. */
  token(server: string, signal: AbortSignal): Promise<UpstreamToken>
  /**
   * The upstream refused the token of `generation`: one shared refresh for all who wait; a newer token, or rejects. `isCertain`:
   * it was the token and no single request; absent: the server itself is asked before a person is. Rejects notAllowedHere where it
   * takes the token.
   */
  renewed(server: string, generation: number, signal: AbortSignal, isCertain?: boolean): Promise<UpstreamToken>
  /**
   * The upstream answered as if it did not accept the token of `generation`, without saying so for certain: one refresh per
   * generation, shared by all who wait. A newer token; null: none can be had. Health keeps its opinion.
   */
  retried(server: string, generation: number, signal: AbortSignal): Promise<UpstreamToken | null>
  /**
   * A client was answered as if the upstream did not take the token of `generation`, or were no MCP server at its URL. No request
   * of a client decides that: the upstream is asked itself, at most every five minutes. Nothing is waited for.
   */
  suspected(server: string, generation: number): void
  /** What a person can do where the upstream goes on refusing, in a sentence. */
  remedy(server: string): string
  /** How long to wait, in s, before asking again can help where `token` rejected. */
  retryAfter(server: string): number
  /**
   * The upstream answered and did not refuse the token. `movedTo`: the URL that redirects led to; null: none did. Called per
   * request, so it must be cheap.
   */
  accepted(server: string, movedTo: string | null): void
  /** What one exchange, begun at `startedAt` (ms since the epoch), showed of the upstream itself. Called per request, so it must be cheap. */
  saw(server: string, sighting: Sighting, startedAt: number): void
  /** The upstream wants more scopes (RFC 6750 section 3.1, `insufficient_scope`); null: it did not say which. */
  needsScope(server: string, scopes: string | null): void
}
