// DPoP (RFC 9449): proofs that we hold the key a token is bound to, for token requests and for requests with the token.
// Also keeps each origin's last nonce (section 8.2), in memory: without it the next request would be refused once.
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

  /** Keeps the value of a `DPoP-Nonce` header. True where it is a new one: the refused request may be sent again with it. */
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

/** A key, and what else a proof needs. */
export type Prover = { key: Secret; nonces: Nonces; clock: Pick<Clock, 'now'> }

/** A new proof for one request (section 4.2). With `token`: for a request that carries it (claim `ath`, section 7). */
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

/** A token and the key it is bound to; null: to none. */
export type Bearable = { accessToken: Secret; tokenType: string; dpopKey: Secret | null }

/**
 * The headers that authorize one request: `Authorization`, and for a bound token a new `DPoP` proof (section 7.1). A server
 * may answer a request for a bound token with an unbound one, so the token's own type decides.
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
