// Codes, tokens and keys of local clients: 256 random bits behind a prefix that names their kind. Only hashes are stored.
// They are looked up by hash, so that the time of a look-up reveals nothing about the credential.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { expose, Secret } from '../../base/secret.ts'

export type RandomBytes = (size: number) => Buffer

const prefixes = { code: 'ttc_', access: 'tta_', refresh: 'ttr_', key: 'ttk_' } as const
export type CredentialKind = keyof typeof prefixes

export function mint(randomBytes: RandomBytes, kind: CredentialKind): Secret {
  return new Secret(prefixes[kind] + randomBytes(32).toString('base64url'))
}

export function hashOf(credential: Secret): string {
  return createHash('sha256').update(expose(credential)).digest('base64url')
}

/**
 * The tokens that replace `refresh`. A client that presents it again within the grace period gets the same ones, although
 * only hashes are stored: they are derived from the token and `seed`, and neither of these alone reveals them.
 */
export function successors(refresh: Secret, seed: string): { access: Secret; refresh: Secret } {
  const derive = (kind: 'access' | 'refresh') =>
    new Secret(prefixes[kind] + createHmac('sha256', expose(refresh)).update(`${kind} ${seed}`).digest('base64url'))
  return { access: derive('access'), refresh: derive('refresh') }
}

/** Whether `verifier` belongs to `challenge` (RFC 7636 section 4.6, S256), in constant time. */
export function isVerifierOf(verifier: string, challenge: string): boolean {
  if (!/^[\w.~-]{43,128}$/.test(verifier)) return false
  const [made, given] = [createHash('sha256').update(verifier).digest(), Buffer.from(challenge, 'base64url')]
  return made.length === given.length && timingSafeEqual(made, given)
}
