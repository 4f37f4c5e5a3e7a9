// The three ways into the core, called doors: command line, window and browser; and inputs that many commands share.
// Every part of the contract imports this file, so it imports none of them.
import { z } from 'zod'

/** `cli`: the control socket; `window`: Electron IPC; `browser`: the dashboard. */
export type Door = 'cli' | 'window' | 'browser'

export const everyDoor: readonly Door[] = ['cli', 'window', 'browser']

export const cliOnly: readonly Door[] = ['cli']

export const nothing = z.object({}).strict()

export const server = z.object({ server: z.string().min(1) }).strict()

/** Fields of a command's input that callers at a door may not give, as dotted paths. */
export type Withheld = Partial<Record<Door, readonly string[]>>
