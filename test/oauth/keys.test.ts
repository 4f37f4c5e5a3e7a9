// Keys and what they sign: checked with Node's own verification and the RFC's own example, never with our code.
import { createPublicKey, generateKeyPairSync, type JsonWebKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { expose, type Secret } from '../../app/base/secret.ts'
import { makeKey, publicKeyOf, readKey, signJwt, thumbprintOf } from '../../app/oauth/keys.ts'

const part = (jwt: string, at: number) => JSON.parse(Buffer.from(jwt.split('.')[at] ?? '', 'base64url').toString())

function holds(jwt: string, key: Secret): boolean {
  const [header = '', claims = '', signature = ''] = jwt.split('.')
  const hash = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256' }[part(jwt, 0).alg as string] ?? null
  const publicKey = createPublicKey({ key: publicKeyOf(key) as JsonWebKey, format: 'jwk' })
  const signed = Buffer.from(`${header}.${claims}`)
  return verify(hash, signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
}

test('a key of ours signs, and nothing of its private half is in what leaves', () => {
  const key = makeKey()
  const jwt = signJwt(key, 'JWT', { sub: 'x' })
  expect(part(jwt, 0)).toEqual({ typ: 'JWT', alg: 'ES256', kid: thumbprintOf(key) })
  expect(holds(jwt, key)).toBe(true)
  const secret = (JSON.parse(expose(key)) as { d: string }).d
  const proof = signJwt(key, 'dpop+jwt', {}, true)
  expect(part(proof, 0).jwk).toEqual({ kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) })
  expect(JSON.stringify([publicKeyOf(key), part(jwt, 0), part(proof, 0)])).not.toContain(secret)
})

test.each([
  ['ec', { namedCurve: 'P-256' }, 'ES256'],
  ['ec', { namedCurve: 'P-384' }, 'ES384'],
  ['ed25519', {}, 'EdDSA'],
  ['rsa', { modulusLength: 2048 }, 'RS256']
] as const)('a key from elsewhere signs: %s %o', (type, options, alg) => {
  const { privateKey } = generateKeyPairSync(type as 'ec', options as { namedCurve: string })
  for (const text of [
    String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    JSON.stringify(privateKey.export({ format: 'jwk' }))
  ]) {
    const jwt = signJwt(readKey(text), 'JWT', {})
    expect(part(jwt, 0).alg).toBe(alg)
    expect(holds(jwt, readKey(text))).toBe(true)
  }
})

test('what is no usable private key is refused without being repeated', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { privateKey: unknown } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  for (const text of [
    'planted-nonsense',
    '{"kty":"planted-oct","k":"AAAA"}',
    String(publicKey.export({ type: 'spki', format: 'pem' })),
    String(unknown.export({ type: 'pkcs8', format: 'pem' }))
  ])
    expect(() => readKey(text)).toThrow(
      expect.objectContaining({ code: 'inputInvalid', message: expect.not.stringContaining('planted') })
    )
})
