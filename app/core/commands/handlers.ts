// The type of the table of handlers, made from the contract: a command without a handler does not compile.
// Inputs reach a handler parsed, and its answer is parsed before it leaves (see router.ts).
import type { CommandName, Output, ParsedInput } from '../../contract/commands.ts'
import type { ownerCommands } from '../../contract/owner.ts'
import type { settingsCommands } from '../../contract/settings.ts'
import type { closedVaultCommands } from '../../contract/vault.ts'

/** `linkedAt`: when the link was made that let in the browser that asks, in ms since the epoch; absent at the other doors. */
export type HandlersOf<N extends CommandName> = {
  [C in N]: (input: ParsedInput<C>, linkedAt?: number) => Promise<Output<C>>
}

export type Handlers = HandlersOf<CommandName>

/** Commands that work whether or not the vault is open. */
export type AlwaysCommand =
  | keyof typeof ownerCommands
  | keyof typeof settingsCommands
  | keyof typeof closedVaultCommands

/** Commands that need the open vault. */
export type OpenVaultCommand = Exclude<CommandName, AlwaysCommand>
