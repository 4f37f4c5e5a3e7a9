// The options that `add` and `set` share: a client certificate for mutual TLS, and an assertion (RFC 7523).
// Paths are made absolute here, as the owner that reads the files runs in another folder.
import { resolve } from 'node:path'
import type { Input } from '../contract/commands.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { ClientCertificate } from '../contract/serverConfig.ts'
import { splitCommand } from './browser.ts'
import { readSecret } from './secrets.ts'
import type { World } from './world.ts'

export type CertificateOptions = { clientCertificate?: string; clientCertificateKey?: string }

/** undefined: not named; null: to be left out from now on (`none`). Throws `inputInvalid`. */
export function readCertificate(options: CertificateOptions): ClientCertificate | null | undefined {
  const { clientCertificate: certificate, clientCertificateKey: key } = options
  if (certificate === 'none' && !key) return null
  if (!certificate && !key) return undefined
  if (!certificate || certificate === 'none' || !key)
    throw new TokentrayError(
      'inputInvalid',
      'A client certificate requires both --client-certificate and --client-certificate-key, each a PEM file.'
    )
  return { certificateFile: resolve(certificate), keyFile: resolve(key) }
}

export type AssertionOptions = {
  assertionFile?: string
  assertionCommand?: string
  identityProvider?: string
  identityProviderClient?: string
  identityProviderSecretFile?: string
}

type Assertion = Required<Pick<Input<'server.add'>, 'assertion'>> &
  Pick<Input<'server.add'>, 'identityProvider' | 'identityProviderSecret'>

/** Where the assertion comes from, and who exchanges it; null where none was named. Rejects `inputInvalid`. */
export async function readAssertion(world: World, options: AssertionOptions): Promise<Assertion | null> {
  const { assertionFile, assertionCommand, identityProvider, identityProviderClient } = options
  const { identityProviderSecretFile: secretFile } = options
  if (assertionFile && assertionCommand)
    throw invalid('Specify either a file or a command for the assertion, not both.')
  if (Boolean(identityProvider) !== Boolean(identityProviderClient))
    throw invalid('Use --identity-provider and --identity-provider-client together.')
  if (secretFile && !identityProvider) throw invalid('--identity-provider-secret-file requires --identity-provider.')
  if (identityProvider) checkUrl(identityProvider)
  const assertion = assertionFile
    ? { file: resolve(assertionFile) }
    : assertionCommand && { command: splitCommand(assertionCommand, '--assertion-command') }
  if (!assertion && identityProvider)
    throw invalid('--identity-provider requires --assertion-file or --assertion-command.')
  if (!assertion) return null
  if (!identityProvider || !identityProviderClient) return { assertion }
  const provider = {
    assertion,
    identityProvider: { tokenEndpoint: identityProvider, clientId: identityProviderClient }
  }
  if (!secretFile) return provider
  return { ...provider, identityProviderSecret: await readSecret(world, secretFile, 'client secret') }
}

export function checkUrl(url: string): void {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' }
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new TokentrayError(
      'urlInvalid',
      `"${url}" is not the URL of an MCP server. It must start with https:// (or http://).`
    )
}

const invalid = (message: string) => new TokentrayError('inputInvalid', message)
