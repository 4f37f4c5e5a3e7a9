// The commands that only the desktop shell answers, over the same IPC as the core's: what the system itself keeps.
// A browser has none of them.
import { z } from 'zod'

const settings = z
  .object({
    /** As the system says, whoever changed it there. */
    startAtLogin: z.boolean(),
    notifications: z.boolean(),
    /** Ids of servers that never notify. */
    muted: z.array(z.string())
  })
  .strict()

export const desktopCommands = {
  'desktop.read': { input: z.object({}).strict(), output: settings },
  'desktop.set': { input: settings.partial().strict(), output: settings }
} as const

export type DesktopSettings = z.output<typeof settings>
export type DesktopCommandName = keyof typeof desktopCommands
