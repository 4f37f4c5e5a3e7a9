// The environment that programs started by Tokentray get: everything but the vault passphrase.
// A browser or a command of the user's that saw it could open the vault.
import type { Environment } from './paths.ts'

/** `env` without TOKENTRAY_PASSPHRASE and TOKENTRAY_PASSPHRASE_FILE. */
export function childEnvironment(env: Environment): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith('TOKENTRAY_PASSPHRASE'))
  )
}
