// The general settings, as they are read and changed; the settings file holds the same fields.
// All times are in milliseconds.
import { z } from 'zod'
import { everyDoor, nothing } from './door.ts'
import { scheduleChanges, scheduleOverrides, scheduleValues } from './serverConfig.ts'

export const theme = z.enum(['system', 'light', 'dark'])
export const concurrency = z.number().int().min(1).max(64)
export const logLevel = z.enum(['debug', 'info', 'warn', 'error'])

export const settingsView = z
  .object({
    /** Used for every server that has no value of its own. */
    schedule: scheduleValues,
    /** The values that the settings file sets. */
    overrides: scheduleOverrides,
    /** How many refreshes may run at the same time. */
    concurrency,
    logLevel,
    theme
  })
  .strict()

/** Absent fields stay as they are; null in the schedule: the built-in value again. */
export const settingsChanges = z.object({ schedule: scheduleChanges, concurrency, logLevel, theme }).partial().strict()

export const settingsCommands = {
  'settings.read': { doors: everyDoor, input: nothing, output: settingsView },
  /** Writes the settings file; the change takes effect at once, for all servers. */
  'settings.set': { doors: everyDoor, input: settingsChanges, output: settingsView }
} as const

export type Theme = z.infer<typeof theme>
export type SettingsView = z.infer<typeof settingsView>
export type SettingsChanges = z.infer<typeof settingsChanges>
