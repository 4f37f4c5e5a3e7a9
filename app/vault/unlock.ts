// How the vault is opened in this environment: where it is and where its key may come from.
// Used by the core, and by the commands that repair a vault which does not open.
import type { Clock } from '../base/clock.ts'
import type { Environment, Paths } from '../base/paths.ts'
import type { Secret } from '../base/secret.ts'
import { createKeychain, type Keychain, type StartHelper } from './keychain.ts'
import type { OpenOptions } from './open.ts'
import { takePassphrase } from './passphrase.ts'

export type Unlocking = {
  home: Paths
  clock: Clock
  /** The passphrase is taken out of it, so that no child inherits it. */
  environment: Record<string, string | undefined>
  /** What a person typed for the vault's first opening, or chose for a vault that is yet to be. */
  typed?: Secret | null
  /** A vault that is yet to be gets a passphrase instead of a key in the keychain. */
  askForNewPassphrase?: boolean
  /** A vault in memory with a throw-away key. */
  ephemeral?: boolean
  /** Starts the process that loads keytar, where Node cannot be started as elsewhere. */
  startKeychainHelper?: StartHelper
  /** Replaced by tests. */
  keychain?: Keychain
}

/** What happens while a vault is opened, and the signal to stop it. */
export type UnlockEvents = {
  /** A sentence for a person. */
  notice: (sentence: string) => void
  /** The keychain has begun to wait for the person; its answer is still waited for. */
  onWaiting?: () => void
  /** Aborted: the keychain is not waited for any more. */
  signal?: AbortSignal
}

/** What openVault() and the recovery functions are given. @throws passphraseNeeded where the variable is empty */
export function unlockOptions(unlocking: Unlocking, { notice, onWaiting, signal }: UnlockEvents): OpenOptions {
  const { home, clock, environment, typed, askForNewPassphrase, ephemeral, keychain, startKeychainHelper } = unlocking
  return {
    path: ephemeral ? ':memory:' : home.vault,
    clock,
    keychain:
      keychain ??
      createKeychain({
        clock,
        onWaiting() {
          notice('The keychain is waiting for you to unlock it…')
          onWaiting?.()
        },
        ...(signal && { signal }),
        ...(startKeychainHelper && { startHelper: startKeychainHelper })
      }),
    passphrase: passphraseOf(environment),
    ...(typed && { ask: async () => typed }),
    askForNew: askForNewPassphrase,
    notice
  }
}

const taken = new WeakMap<Environment, Secret>()

/** Kept once taken: a command may host the core again, after the owner it handed over to has ended. */
function passphraseOf(environment: Unlocking['environment']): Secret | null {
  const passphrase = takePassphrase(environment) ?? taken.get(environment) ?? null
  if (passphrase) taken.set(environment, passphrase)
  return passphrase
}

/** Whether the environment names a passphrase, or did until it was taken out. */
export function isPassphraseGiven(environment: Environment): boolean {
  return (
    environment.TOKENTRAY_PASSPHRASE !== undefined ||
    environment.TOKENTRAY_PASSPHRASE_FILE !== undefined ||
    taken.has(environment)
  )
}
