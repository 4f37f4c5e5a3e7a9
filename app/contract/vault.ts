// The commands on the vault: back it up, check it, and what a person can do about one that does not open.
// A passphrase goes in; no secret comes out.
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
  /** Opens the vault with its passphrase, or creates one with a new passphrase, if the vault's view offers that. */
  'vault.unlock': {
    doors: everyDoor,
    input: z.object({ passphrase: z.string().min(1).max(1024) }).strict(),
    output: nothing
  },
  /** Tries to open the vault again; answers at once if the keychain asks the person to unlock it. */
  'vault.retry': { doors: everyDoor, input: nothing, output: nothing },
  /** Replaces a damaged vault by its newest intact backup; the damaged one is kept under another name. */
  'vault.restore': { doors: everyDoor, input: nothing, output: z.object({ restored: z.string() }).strict() },
  /** Starts a new vault; the old one, whose key is lost, is kept under another name (`keptAs`). */
  'vault.reset': {
    doors: everyDoor,
    input: z.object({ confirmation: z.literal('reset') }).strict(),
    output: z.object({ keptAs: z.string() }).strict()
  }
} as const
