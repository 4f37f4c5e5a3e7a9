// Commands that only the desktop application answers, over the same IPC as the core's: start at login, notifications.
// The dashboard in a browser does not have them, because they concern the desktop application alone.
import { z } from 'zod'

const settings = z
  .object({
    /** As the operating system reports it: it may have been changed there. */
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
