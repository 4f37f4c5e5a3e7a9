// Signing keys: a client's own (private_key_jwt, RFC 7523) and those that tokens are bound to (DPoP, RFC 9449).
// A private key is a Secret that holds a JWK (RFC 7517) as JSON; only its signatures and its public half leave this file.
import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto'
import { expose, Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'

/** The public half, as it is registered at a server. */
export type PublicKey = { kty: string; use: 'sig'; alg: string; kid: string } & Partial<
  Record<'crv' | 'x' | 'y' | 'n' | 'e', string>
>

/** The required members of a public key by type, in the order of its thumbprint (RFC 7638 section 3.2). */
const members: Record<string, readonly string[]> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n']
}

/** The algorithms we sign with (RFC 7518 section 3.1), preferred ones first; RSA is last since its keys are slow to make. */
const signings = [
  {
    alg: 'ES256',
    hash: 'sha256',
    kty: 'EC',
    crv: 'P-256',
    make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
  },
  { alg: 'EdDSA', hash: null, kty: 'OKP', crv: 'Ed25519', make: () => generateKeyPairSync('ed25519') },
  {
    alg: 'ES384',
    hash: 'sha384',
    kty: 'EC',
    crv: 'P-384',
    make: () => generateKeyPairSync('ec', { namedCurve: 'P-384' })
  },
  {
    alg: 'RS256',
    hash: 'sha256',
    kty: 'RSA',
    crv: undefined,
    make: () => generateKeyPairSync('rsa', { modulusLength: 2048 })
  }
] as const
export type Algorithm = (typeof signings)[number]['alg']
export const algorithms: readonly Algorithm[] = signings.map(({ alg }) => alg)

/** A new private key. The default is ES256, which nearly every server that takes such keys supports. */
export function makeKey(algorithm: Algorithm = 'ES256'): Secret {
  const { privateKey } = signings.find(({ alg }) => alg === algorithm)!.make()
  return new Secret(JSON.stringify(privateKey.export({ format: 'jwk' })))
}

/** Reads a private key that a person gave, in PEM or as a JWK. @throws inputInvalid; the key is not in the error */
export function readKey(text: string): Secret {
  try {
    const isJwk = text.trimStart().startsWith('{')
    const key = createPrivateKey(isJwk ? { key: JSON.parse(text) as JsonWebKey, format: 'jwk' } : text)
    const jwk = key.export({ format: 'jwk' })
    if (signingOf(jwk)) return new Secret(JSON.stringify(jwk))
  } catch {
    // The error is dropped: it may quote the key.
  }
  throw new TokentrayError(
    'inputInvalid',
    'That private key cannot be used. Provide a P-256, P-384, Ed25519 or RSA key in PEM or JWK format.'
  )
}

const signingOf = (jwk: JsonWebKey) => signings.find(({ kty, crv }) => kty === jwk.kty && crv === jwk.crv)

function bareKey(key: Secret): { bare: Record<string, string>; jwk: JsonWebKey } {
  const jwk = JSON.parse(expose(key)) as JsonWebKey
  const bare = Object.fromEntries((members[jwk.kty ?? ''] ?? []).map((name) => [name, String(jwk[name])]))
  return { bare, jwk }
}

/** The key's thumbprint (RFC 7638) with SHA-256. */
export function thumbprintOf(key: Secret): string {
  return createHash('sha256')
    .update(JSON.stringify(bareKey(key).bare))
    .digest('base64url')
}

/** The public JWK with which a server checks our signatures. */
export function publicKeyOf(key: Secret): PublicKey {
  const { bare, jwk } = bareKey(key)
  return { ...bare, kty: bare.kty ?? '', use: 'sig', alg: signingOf(jwk)?.alg ?? '', kid: thumbprintOf(key) }
}

/** A JWT in compact form (RFC 7515 section 3.1). `embed`: puts the public key into the header, as DPoP requires. */
export function signJwt(key: Secret, typ: string, claims: Record<string, unknown>, embed = false): string {
  const { bare, jwk } = bareKey(key)
  const { alg, hash } = signingOf(jwk) ?? { alg: 'none', hash: null }
  const header = embed ? { typ, alg, jwk: bare } : { typ, alg, kid: thumbprintOf(key) }
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signed = sign(hash, Buffer.from(text), {
    key: createPrivateKey({ key: jwk, format: 'jwk' }),
    dsaEncoding: 'ieee-p1363'
  })
  return `${text}.${signed.toString('base64url')}`
}
