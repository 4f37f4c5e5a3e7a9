// What the desktop application remembers outside the vault: which notifications are wanted and which were shown.
// An unreadable file counts as a missing one: nothing in it is worth a failed start.
import { dirname } from 'node:path'
import { z } from 'zod'
import { makeFolder } from '../app/base/folder.ts'
import { readRegularFileSync } from '../app/base/regularFile.ts'
import { writeWholeFile } from '../app/base/wholeFile.ts'

const schema = z
  .object({
    notifications: z.boolean().default(true),
    /** Servers that never notify. */
    muted: z.array(z.string()).default([]),
    /** See notices.ts. */
    told: z.array(z.string()).default([]),
    /** The person knows that this desktop shows no tray icons. */
    toldNoTray: z.boolean().default(false)
  })
  .strip()

export type PreferenceValues = z.output<typeof schema>
export type Preferences = { get(): PreferenceValues; set(change: Partial<PreferenceValues>): void }

/** `file` null: kept in memory only. A write that fails is forgiven: the choice holds until the end of this run. */
export function openPreferences(file: string | null): Preferences {
  let values = read(file)
  return {
    get: () => values,
    set(change) {
      values = { ...values, ...change }
      if (file === null) return
      try {
        makeFolder(dirname(file))
        writeWholeFile(file, JSON.stringify(values, null, 2))
      } catch {
        // Forgiven, as said above: a full disk must not stop the application.
      }
    }
  }
}

function read(file: string | null): PreferenceValues {
  try {
    if (file !== null) return schema.parse(JSON.parse(readRegularFileSync(file)))
  } catch {
    // Absent or damaged: the defaults do.
  }
  return schema.parse({})
}
