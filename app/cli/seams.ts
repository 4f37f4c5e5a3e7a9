// Where the CLI meets the rest of the core, loaded only when needed.
// A client of a running owner never loads any of it.
import type { Core } from '../core/core.ts'
import type { HostOptions, Ownership } from './world.ts'

/** Opens the core in this process. */
export async function hostCore(options: HostOptions): Promise<Core> {
  const { openCore } = await import('../core/core.ts')
  return openCore(options)
}

/** The ownership of the vault in `folder`, null where somebody has it. Rejects `vaultUnwritable`. */
export async function claim(folder: string): Promise<Ownership | null> {
  const { claimOwnership } = await import('../owner/lock.ts')
  return claimOwnership(folder)
}
