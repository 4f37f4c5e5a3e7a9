// Asks for the vault's passphrase before this process owns the vault: a question may stand on the terminal for hours.
// A process that asked while it held the lock would keep every other command waiting until that one gave up.
import type { Environment } from '../base/paths.ts'
import { fingerprint, type Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { Hosting } from './hosting.ts'

const maxTries = 3

/** What a person typed in this process, by its environment; null: nothing. A process that hosts again asks no second time. */
const typed = new WeakMap<Environment, Secret | null>()

/** What a person typed for the vault, or chose for a new one; null where nobody was asked or nothing was typed. */
export const typedPassphrase = ({ env }: Hosting): Secret | null => typed.get(env) ?? null

/** Whether `vault`, or a backup of it, needs a passphrase that nobody has given yet, and there is somebody to ask. */
export async function mustAskPassphrase({ env, paths, ask }: Hosting, vault = paths.vault): Promise<boolean> {
  return !!ask && !typed.has(env) && !(await isGiven(env)) && (await readScrypt(vault)) !== null
}

/**
 * Asks up to three times and keeps the last answer, right or wrong: opening the vault with it tells what is wrong. The
 * caller must not hold the ownership. Rejects with what `ask` rejects with.
 */
export async function askPassphrase({ env, paths, ask, notice }: Hosting, vault = paths.vault): Promise<void> {
  await ask?.(async (question) => {
    for (let attempt = 1; ; attempt++) {
      const answer = await question('Vault passphrase:')
      typed.set(env, answer)
      if (!answer || attempt === maxTries || (await isRight(answer, vault))) return
      notice('Wrong passphrase. Try again.')
    }
  })
}

/** Asks twice for the passphrase of a vault that is yet to be. Rejects `passphraseWrong` where the two differ. */
export async function askNewPassphrase({ env, ask }: Hosting): Promise<void> {
  if (await isGiven(env)) return
  await ask?.(async (question) => {
    const chosen = await question('New vault passphrase:')
    const again = await question('Confirm passphrase:')
    if (chosen && (!again || fingerprint(chosen) !== fingerprint(again)))
      throw new TokentrayError('passphraseWrong', 'The passphrases do not match. Nothing was created.')
    typed.set(env, chosen)
  })
}

/** Loaded here as below, since a client of a running owner needs none of it. */
const isGiven = async (env: Environment) => (await import('../vault/unlock.ts')).isPassphraseGiven(env)

/** How the vault's key comes from its passphrase; null where it does not, or where opening the vault will say what is wrong. */
async function readScrypt(vault: string) {
  const { readSidecar } = await import('../vault/sidecar.ts')
  try {
    const sidecar = vault === ':memory:' ? null : readSidecar(vault)
    return sidecar?.scrypt ? { parameters: sidecar.scrypt, fingerprint: sidecar.fingerprint } : null
  } catch {
    return null
  }
}

async function isRight(answer: Secret, vault: string): Promise<boolean> {
  const expected = await readScrypt(vault)
  // Its vault was set aside meanwhile: no passphrase is wrong any more.
  if (!expected) return true
  const { derivePassphraseKey } = await import('../vault/passphrase.ts')
  const { keyFingerprint } = await import('../vault/sidecar.ts')
  return keyFingerprint(await derivePassphraseKey(answer, expected.parameters)) === expected.fingerprint
}
