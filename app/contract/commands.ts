// Every command by its name: its input, its output, and the doors (see door.ts) it may be called from.
// Both ends of each transport are made from this table: inputs are parsed on arrival, outputs before they leave.
import type { z } from 'zod'
import { clientCommands } from './clients.ts'
import { connectCommands } from './connect.ts'
import { demoCommands } from './demo.ts'
import { ownerCommands } from './owner.ts'
import { serverCommands } from './servers.ts'
import { settingsCommands } from './settings.ts'
import { signInCommands } from './signIns.ts'
import { tokenCommands } from './tokens.ts'
import { closedVaultCommands, vaultCommands } from './vault.ts'

export const commands = {
  ...ownerCommands,
  ...settingsCommands,
  ...closedVaultCommands,
  ...vaultCommands,
  ...serverCommands,
  ...signInCommands,
  ...tokenCommands,
  ...clientCommands,
  ...connectCommands,
  ...demoCommands
} as const

export type CommandName = keyof typeof commands
export type Input<N extends CommandName> = z.input<(typeof commands)[N]['input']>
export type ParsedInput<N extends CommandName> = z.output<(typeof commands)[N]['input']>
export type Output<N extends CommandName> = z.output<(typeof commands)[N]['output']>

export type Reply<T> = { ok: true; value: T } | { ok: false; code: string; message: string }
/** One end of a transport. Rejects with TokentrayError. */
export type Call = <N extends CommandName>(name: N, input: Input<N>) => Promise<Output<N>>
