// The options that name a client certificate for mutual TLS, as the setting the owner keeps.
// Paths are made whole here: the owner runs in another folder.
import { resolve } from 'node:path'
import { TokentrayError } from '../contract/errors.ts'
import type { ClientCertificate } from '../contract/server.ts'

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
