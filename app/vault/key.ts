// Where the vault's key comes from. An existing vault never gets a new key: if its key is not found, that is an error.
// A new key is stored in the keychain and read back before it encrypts anything; otherwise the vault could not be opened again.
import { createHash } from 'node:crypto'
import { Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { isRawKey } from './connection.ts'
import type { Keychain } from './keychain.ts'
import { derivePassphraseKey, newScryptParameters } from './passphrase.ts'
import { keyFingerprint, type Sidecar, sidecarPath } from './sidecar.ts'

export type KeyOptions = {
  path: string
  keychain: Keychain
  /** As takePassphrase() answered: the person chose a passphrase for a vault that is yet to be. */
  passphrase?: Secret | null | undefined
  /** Asks on the terminal for a passphrase the vault needs; `isNew` where it is being chosen. null: nobody is there. */
  ask?: ((isNew: boolean) => Promise<Secret | null>) | undefined
  /** The person asked for passphrase mode and will be asked for one. */
  askForNew?: boolean | undefined
  randomBytes: (size: number) => Buffer
  notice: (sentence: string) => void
}

/** The key, and the sidecar that goes with it. */
export type Key = { key: Secret; sidecar: Sidecar }

/**
 * The key of the vault that `sidecar` describes, checked against its fingerprint.
 * Rejects `vaultKeyMissing`, `vaultKeyWrong`, `passphraseNeeded`, `passphraseWrong` and the keychain's own.
 */
export async function readKey(sidecar: Sidecar, options: KeyOptions): Promise<Key> {
  const { path, notice } = options
  if (sidecar.keySource === 'keychain') {
    if (options.passphrase) notice('The passphrase was ignored, because this vault has its key in the keychain.')
    const key = await options.keychain.get(sidecar.account ?? accountOf(path))
    if (!key) throw keyMissing(path)
    if (keyFingerprint(key) === sidecar.fingerprint) return { key: key, sidecar }
    throw new TokentrayError(
      'vaultKeyWrong',
      `The key in the keychain does not belong to ${path}. Restore the keychain's entry "tokentray", or run "tokentray vault reset" to start over.`
    )
  }
  const passphrase = options.passphrase ?? (await options.ask?.(false))
  if (!passphrase) throw passphraseNeeded(path)
  const key = await derivePassphraseKey(passphrase, sidecar.scrypt!)
  if (keyFingerprint(key) === sidecar.fingerprint) return { key, sidecar }
  throw new TokentrayError('passphraseWrong', `Wrong passphrase for ${path}. Try again.`)
}

/** The key of a vault whose sidecar is gone: only the keychain's can be had, as a passphrase's salt went with the sidecar. */
export async function readKeyWithoutSidecar(options: KeyOptions): Promise<Key> {
  const { path } = options
  if (options.passphrase) {
    throw new TokentrayError(
      'vaultDamaged',
      `${sidecarPath(path)} is missing, and the passphrase cannot open the vault without it. Copy it from a backup (${path}.*.backup.json).`
    )
  }
  const account = accountOf(path)
  const key = await options.keychain.get(account)
  if (!key) throw keyMissing(path)
  return { key: key, sidecar: keychainSidecar(account, key, true) }
}

/** The key of a vault that is yet to be. Only for a place where neither vault nor sidecar exists. */
export async function newKey(options: KeyOptions): Promise<Key> {
  const { path, keychain, randomBytes } = options
  const passphrase = options.passphrase ?? (options.askForNew ? await options.ask?.(true) : null)
  if (options.askForNew && !passphrase) throw passphraseNeeded(path)
  if (passphrase) {
    const scrypt = newScryptParameters(randomBytes(16))
    const key = await derivePassphraseKey(passphrase, scrypt)
    const fingerprint = keyFingerprint(key)
    return { key, sidecar: { format: 1, keySource: 'passphrase', account: null, scrypt, fingerprint, complete: false } }
  }
  const account = accountOf(path)
  // Left from a vault that was set aside or moved: kept, or that one could never be opened again.
  const found = await keychain.get(account)
  if (found && isRawKey(found)) return { key: found, sidecar: keychainSidecar(account, found, false) }
  if (found) {
    throw new TokentrayError(
      'vaultKeyWrong',
      `The keychain's entry "tokentray" / "${account}" is not a Tokentray key. Remove it with your system's keychain app.`
    )
  }

  const key = new Secret(randomBytes(32).toString('hex'))
  await keychain.set(account, key)
  const readBack = await keychain.get(account)
  if (!readBack || keyFingerprint(readBack) !== keyFingerprint(key)) {
    throw new TokentrayError(
      'keychainLocked',
      'The keychain did not store the new key. Unlock it and try again, or use a passphrase instead (TOKENTRAY_PASSPHRASE_FILE).'
    )
  }
  return { key, sidecar: keychainSidecar(account, key, false) }
}

/** The keychain item's account: one per vault, told apart by path, so that several vaults can live on one machine. */
export function accountOf(vault: string): string {
  return `vault-${createHash('sha256').update(vault).digest('hex').slice(0, 16)}`
}

/** `options` with an `ask` that asks the person once, however often it is needed. */
export function askOnce<T extends Pick<KeyOptions, 'ask'>>(options: T): T {
  const { ask } = options
  if (!ask) return options
  let answer: ReturnType<typeof ask> | undefined
  return {
    ...options,
    ask: (isNew: boolean) => {
      answer ??= ask(isNew)
      return answer
    }
  }
}

function keychainSidecar(account: string, key: Secret, complete: boolean): Sidecar {
  return { format: 1, keySource: 'keychain', account, scrypt: null, fingerprint: keyFingerprint(key), complete }
}

function keyMissing(path: string): TokentrayError {
  return new TokentrayError(
    'vaultKeyMissing',
    `The keychain has no key for ${path}, or is locked without reporting it. Unlock or restore the keychain, or run "tokentray vault reset" to start over.`
  )
}

function passphraseNeeded(path: string): TokentrayError {
  return new TokentrayError(
    'passphraseNeeded',
    `${path} is protected by a passphrase. Provide it in TOKENTRAY_PASSPHRASE_FILE, TOKENTRAY_PASSPHRASE or the terminal.`
  )
}
