// The vault's part of the contract: copied, checked, and each way out of a vault that does not open.
// A passphrase goes in; nothing secret comes out.
import { z } from 'zod'
import { cliOnly, everyDoor, nothing } from './door.ts'

export const vaultCommands = {
  /** An encrypted copy beside the vault; the newest three are kept. */
  'vault.backup': { doors: everyDoor, input: nothing, output: z.object({ path: z.string() }).strict() },
  'vault.check': {
    doors: cliOnly,
    input: nothing,
    output: z.object({ ok: z.boolean(), problems: z.array(z.string()) }).strict()
  }
} as const

/** What a person can do about a vault that does not open; the vault's view offers those that can help. */
export const closedVaultCommands = {
  /** Opens a vault whose key comes from a passphrase, or makes a new one with it, where the vault's view offers that. */
  'vault.unlock': {
    doors: everyDoor,
    input: z.object({ passphrase: z.string().min(1).max(1024) }).strict(),
    output: nothing
  },
  /** Tries to open the vault again; answers at once where the keychain then waits for a person. */
  'vault.retry': { doors: everyDoor, input: nothing, output: nothing },
  /** Puts the newest sound backup in the place of a damaged vault, which is set aside. */
  'vault.restore': { doors: everyDoor, input: nothing, output: z.object({ restored: z.string() }).strict() },
  /** Sets a vault aside whose key is lost, and starts a new one. */
  'vault.reset': {
    doors: everyDoor,
    input: z.object({ confirmation: z.literal('reset') }).strict(),
    output: z.object({ keptAs: z.string() }).strict()
  }
} as const
