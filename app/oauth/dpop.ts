// Proofs that we hold the key a token is bound to (DPoP, RFC 9449), for token requests and for requests with the token.
// Nonces are what servers gave last, by origin (section 8.2); they are not secret and live in memory.
import { createHash, randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { expose, type Secret } from '../base/secret.ts'
import { signJwt } from './keys.ts'

const maxOrigins = 1000

export class Nonces {
  readonly #known = new Map<string, string>()

  get(url: string): string | null {
    return this.#known.get(originOf(url)) ?? null
  }

  /** Keeps what `DPoP-Nonce` says; true where that is news, so that the same request may be tried again. */
  note(url: string, nonce: string | null | undefined): boolean {
    if (!nonce || !/^[\x21\x23-\x5b\x5d-\x7e]{1,1000}$/.test(nonce)) return false
    const origin = originOf(url)
    if (this.#known.get(origin) === nonce) return false
    this.#known.delete(origin)
    this.#known.set(origin, nonce)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= maxOrigins) break
      this.#known.delete(oldest)
    }
    return true
  }
}

const originOf = (url: string): string => URL.parse(url)?.origin ?? ''

/** One key with what its proofs are made of. */
export type Prover = { key: Secret; nonces: Nonces; clock: Pick<Clock, 'now'> }

/**
 * A fresh proof for one request (section 4.2); with `token`, for a request that carries it (`ath`, section 7).
 * `url` may have a query, which the proof leaves out.
 */
export function proofFor({ key, nonces, clock }: Prover, method: string, url: string, token?: Secret): string {
  const nonce = nonces.get(url)
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: url.replace(/[?#].*$/s, ''),
    iat: Math.floor(clock.now() / 1000),
    ...(token && { ath: createHash('sha256').update(expose(token)).digest('base64url') }),
    ...(nonce !== null && { nonce })
  }
  return signJwt(key, 'dpop+jwt', claims, true)
}

/** A token with the key it is bound to, if any. */
export type Bearable = { accessToken: Secret; tokenType: string; dpopKey: Secret | null }

/**
 * The headers that prove the right to one request: `Authorization`, and for a bound token a fresh `DPoP` (section 7.1). A
 * server may have answered a request for a bound token with one that is not; then its own type counts.
 */
export function credentialsFor(
  { accessToken, tokenType, dpopKey }: Bearable,
  surroundings: Omit<Prover, 'key'>,
  method: string,
  url: string
): [name: string, value: string][] {
  const scheme = tokenType === 'DPoP' ? 'DPoP' : 'Bearer'
  const authorization: [string, string] = ['authorization', `${scheme} ${expose(accessToken)}`]
  if (tokenType !== 'DPoP' || !dpopKey) return [authorization]
  return [authorization, ['dpop', proofFor({ key: dpopKey, ...surroundings }, method, url, accessToken)]]
}
