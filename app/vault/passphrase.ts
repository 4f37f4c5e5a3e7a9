// The passphrase mode, for machines without a keychain: used only when the person said so, never as a fallback.
// TOKENTRAY_PASSPHRASE is removed from the environment at once, so that no program started later inherits it.
import { scrypt } from 'node:crypto'
import { realpathSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { notRegular, readRegularFileSync } from '../base/regularFile.ts'
import { expose, Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { sayProblem } from '../health/problems.ts'
import { hasNoModes, type Mount, readMount } from './place.ts'
import type { Sidecar } from './sidecar.ts'

export type ScryptParameters = NonNullable<Sidecar['scrypt']>

/** About 0.4 s and 128 MB per guess. */
export function newScryptParameters(salt: Buffer): ScryptParameters {
  return { salt: salt.toString('hex'), N: 2 ** 17, r: 8, p: 1 }
}

/**
 * Takes TOKENTRAY_PASSPHRASE, or the first line of the file TOKENTRAY_PASSPHRASE_FILE names, out of `environment`.
 * null: neither is set. Throws `passphraseNeeded` where it is empty, or the file cannot be read, is no regular file, or is
 * another user's or can be changed by one: whoever chose it could read the vault that is made with it.
 */
export function takePassphrase(environment: Record<string, string | undefined> = process.env): Secret | null {
  const { TOKENTRAY_PASSPHRASE: direct, TOKENTRAY_PASSPHRASE_FILE: file } = environment
  delete environment.TOKENTRAY_PASSPHRASE
  delete environment.TOKENTRAY_PASSPHRASE_FILE
  if (direct !== undefined) return notEmpty(direct, 'TOKENTRAY_PASSPHRASE')
  if (file === undefined) return null
  let text: string
  try {
    text = readRegularFileSync(file, (stats) => refuseForeign(judge(file, stats, readMount)))
  } catch (error) {
    if (error instanceof TokentrayError) throw error
    throw unreadable(file, error)
  }
  return notEmpty(text.split(/\r?\n/, 1)[0]!, `The passphrase file ${file}`)
}

function unreadable(file: string, cause: unknown): TokentrayError {
  const { code } = cause as NodeJS.ErrnoException
  // Others could put a passphrase into a pipe, and the one behind <(…) is gone once it was read.
  const help =
    code === notRegular
      ? ' Pipes, such as <(…), and devices cannot be used. Write the passphrase to a file of your own with mode 0600.'
      : ''
  return new TokentrayError(
    'passphraseNeeded',
    `The passphrase file ${file} could not be read: ${sayProblem(code)}.${help}`,
    { cause }
  )
}

/**
 * `safe`: this user's or root's, and nobody else can change it. `readable`: the same, but others can read it. `foreign`: it
 * belongs to `uid`. `shared`: others can change it. `unknown`: its file system has no permissions.
 */
export type PassphraseFile = {
  access: 'safe' | 'readable' | 'foreign' | 'shared' | 'unknown'
  path: string
  uid: number
}

/** How safe `file` is, judged as opened. Throws the system's error, or one as readRegularFile() does. */
export function judgePassphraseFile(file: string, mountOf: (path: string) => Mount | null = readMount): PassphraseFile {
  let judged: PassphraseFile | undefined
  readRegularFileSync(file, (stats) => (judged = judge(file, stats, mountOf)))
  return judged!
}

/** `stats`: of what was opened as `file`, since the name may lead elsewhere a moment later. */
function judge(file: string, { mode, uid }: Stats, mountOf: (path: string) => Mount | null): PassphraseFile {
  // Links are followed, as Kubernetes mounts each secret as two of them.
  const path = realpathSync(file)
  const user = process.getuid?.()
  if (user === undefined) return { access: 'safe', path, uid }
  const folder = statSync(dirname(path)).mode
  // Root's: secrets that Docker and Kubernetes mount, read by a container's own user.
  const isForeign = uid !== user && uid !== 0
  const isShared = (mode & 0o022) !== 0
  // In a folder like /tmp, only the owner of a file may replace it.
  const isReplaceable = (folder & 0o1002) === 0o002
  const isReadable = uid === user && (mode & 0o044) !== 0 && (folder & 0o011) !== 0
  if (!isForeign && !isShared && !isReplaceable && !isReadable) return { access: 'safe', path, uid }
  const mount = mountOf(path)
  // Anybody may mount a FUSE file system and name any owner there.
  const isTrusted = mount !== null && !(isForeign && mount.type.startsWith('fuse'))
  if (isTrusted && mount.isReadOnly) return { access: 'safe', path, uid }
  if (isTrusted && hasNoModes.test(mount.type)) return { access: 'unknown', path, uid }
  if (isForeign) return { access: 'foreign', path, uid }
  return { access: isShared || isReplaceable ? 'shared' : 'readable', path, uid }
}

function refuseForeign({ access, path, uid }: PassphraseFile): void {
  if (access === 'foreign')
    throw new TokentrayError(
      'passphraseNeeded',
      `The passphrase file ${path} belongs to another user (${uid}), so it was not used. Run "chown ${process.getuid?.()}" on it, or copy it to a file of your own.`
    )
  if (access === 'shared')
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
