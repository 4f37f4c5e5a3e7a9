// Secrets: they print as [secret] everywhere, and only the listed files may take one out of its wrapper.
// A new caller of expose() is a decision; this list is where it is taken.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { expose, fingerprint, Secret } from '../../app/base/secret.ts'

const planted = 'planted-token-7f3a'

test('FM-25 a secret prints as [secret] in whatever way it is printed', () => {
  const secret = new Secret(planted)
  const error = new Error(`failed with ${secret}`, { cause: { secret } })
  const printed = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret, list: [secret] }),
    inspect({ secret }, { depth: 9, showHidden: true }),
    format('%s %o %j', secret, secret, secret),
    inspect(error, { depth: 9 }),
    Object.entries(secret).join(),
    JSON.stringify(structuredClone({ ...secret }))
  ]
  for (const text of printed) expect(text).not.toContain(planted)
  expect(expose(secret)).toBe(planted)
})

test('a fingerprint tells secrets apart and tells nothing else', () => {
  expect(fingerprint(new Secret('a'))).not.toBe(fingerprint(new Secret('b')))
  expect(fingerprint(new Secret(planted))).toMatch(/^[0-9a-f]{8}$/)
})

/**
 * Where a secret truly leaves: SQL, HTTP, the keychain, the key itself, the control socket's key, `readToken`, the bridge,
 * a client's own file, which is where its key belongs, and what the gateway gives local clients: codes, tokens, keys.
 */
const allowed = [
  'base/secret.ts',
  'bridge/gatewayClient.ts',
  'cli/secrets.ts',
  'connect/connector.ts',
  'core/commands/clients.ts',
  'core/commands/connect.ts',
  'gateway/access/authorize.ts',
  'gateway/access/credentials.ts',
  'gateway/access/tokens.ts',
  'keeper/readToken.ts',
  'oauth/client.ts',
  'oauth/dpop.ts',
  'oauth/introspection.ts',
  'oauth/jwtBearer.ts',
  'oauth/keys.ts',
  'oauth/management.ts',
  'oauth/revocation.ts',
  'oauth/tokenRequest.ts',
  'owner/client.ts',
  'owner/endpoint.ts',
  'owner/listen.ts',
  'vault/connection.ts',
  'vault/keychain.ts',
  'vault/passphrase.ts',
  'vault/rows.ts',
  'vault/sidecar.ts'
]

test('only the listed files call expose()', () => {
  const app = join(import.meta.dirname, '..', '..', 'app')
  const callers = readdirSync(app, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => /\bexpose\(|Secret\.reveal\(/.test(readFileSync(join(app, file), 'utf8')))
  expect(callers.sort()).toEqual(allowed)
})
