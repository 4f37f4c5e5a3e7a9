// The passphrase mode, for machines without a keychain: used only when the person said so, never as a fallback.
// TOKENTRAY_PASSPHRASE is removed from the environment at once, so that no program started later inherits it.
import { scrypt } from 'node:crypto'
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { expose, Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { hasNoModes, type Mount, readMount } from './place.ts'
import type { Sidecar } from './sidecar.ts'

export type ScryptParameters = NonNullable<Sidecar['scrypt']>

/** About 0.4 s and 128 MB per guess. */
export function newScryptParameters(salt: Buffer): ScryptParameters {
  return { salt: salt.toString('hex'), N: 2 ** 17, r: 8, p: 1 }
}

/**
 * Takes TOKENTRAY_PASSPHRASE, or the first line of the file TOKENTRAY_PASSPHRASE_FILE names, out of `environment`.
 * null: neither is set. Throws `passphraseNeeded` where it is empty, or the file cannot be read or can be changed by others.
 */
export function takePassphrase(environment: Record<string, string | undefined> = process.env): Secret | null {
  const { TOKENTRAY_PASSPHRASE: direct, TOKENTRAY_PASSPHRASE_FILE: file } = environment
  delete environment.TOKENTRAY_PASSPHRASE
  delete environment.TOKENTRAY_PASSPHRASE_FILE
  if (direct !== undefined) return notEmpty(direct, 'TOKENTRAY_PASSPHRASE')
  if (file === undefined) return null
  let text: string
  try {
    refuseShared(file)
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof TokentrayError) throw error
    throw new TokentrayError('passphraseNeeded', `The passphrase file ${file} could not be read.`, { cause: error })
  }
  return notEmpty(text.split(/\r?\n/, 1)[0]!, `The passphrase file ${file}`)
}

/** `safe`: nobody but its owner can change it. `shared`: others can. `unknown`: its file system has no permissions. */
export function judgePassphraseFile(
  file: string,
  mountOf: (path: string) => Mount | null = readMount
): { access: 'safe' | 'shared' | 'unknown'; path: string } {
  // Links are followed, as Kubernetes mounts each secret as two of them.
  const path = realpathSync(file)
  if (process.getuid === undefined) return { access: 'safe', path }
  const folder = dirname(path)
  const isShared = (statSync(path).mode & 0o022) !== 0
  // In a folder like /tmp, only the owner of a file may replace it.
  const isReplaceable = (statSync(folder).mode & 0o1002) === 0o002
  if (!isShared && !isReplaceable) return { access: 'safe', path }
  const mount = mountOf(path)
  if (mount?.isReadOnly) return { access: 'safe', path }
  return { access: mount && hasNoModes.test(mount.type) ? 'unknown' : 'shared', path }
}

function refuseShared(file: string): void {
  const { access, path } = judgePassphraseFile(file)
  if (access !== 'shared') return
  throw new TokentrayError(
    'passphraseNeeded',
    `Other users can change the passphrase file ${path}, so it was not used. Run "chmod go-w" on it and on its folder.`
  )
}

function notEmpty(text: string, where: string): Secret {
  if (text) return new Secret(text)
  throw new TokentrayError('passphraseNeeded', `${where} is empty. Put the vault's passphrase there.`)
}

/** The vault's key as 64 hex digits (scrypt, RFC 7914). The passphrase is normalised (NFC), as keyboards differ. */
export function derivePassphraseKey(passphrase: Secret, { salt, N, r, p }: ScryptParameters): Promise<Secret> {
  return new Promise((resolve, reject) => {
    const text = expose(passphrase).normalize('NFC')
    scrypt(text, Buffer.from(salt, 'hex'), 32, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
      if (error) reject(error)
      else resolve(new Secret(key.toString('hex')))
    })
  })
}
