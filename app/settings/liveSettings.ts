// Changes the settings while an owner runs: first in the file, then in the process.
// A change is made to the file as it is now, so that edits by hand stay; a file that cannot be read is not overwritten.
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from '../base/folder.ts'
import { writeWholeFile } from '../base/wholeFile.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { SettingsChanges, SettingsView } from '../contract/settings.ts'
import { sayProblem } from '../health/problems.ts'
import { changeOverrides, parseSettings, readJson, type Settings } from './settings.ts'

export type LiveSettings = {
  current(): Settings
  /** Resolves when the change is durable and in force. @throws settingsUnreadable, settingsUnwritable: nothing changed */
  change(changes: SettingsChanges): Promise<Settings>
}

/** `apply` is called with the settings after each change. */
export function openSettings(file: string, initial: Settings, apply: (settings: Settings) => void): LiveSettings {
  let current = initial
  let last: Promise<unknown> = Promise.resolve()

  async function change(changes: SettingsChanges): Promise<Settings> {
    const json = await readJson(file)
    parseSettings(json, file)
    const next = changed(json as Record<string, unknown>, changes)
    const settings = parseSettings(next, file)
    await write(file, `${JSON.stringify(next, null, 2)}\n`)
    current = settings
    apply(settings)
    return settings
  }

  return {
    current: () => current,
    change(changes) {
      // One after the other: a change must read what the one before it wrote.
      const mine = last.then(() => change(changes))
      last = mine.catch(() => {})
      return mine
    }
  }
}

/** The file's JSON with the changes applied. What is not changed stays as written, such as a duration as text ("5m"). */
function changed(json: Record<string, unknown>, { schedule, ...rest }: SettingsChanges): Record<string, unknown> {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const overrides = changeOverrides((json.schedule ?? {}) as object, schedule ?? {})
  const { schedule: _, ...others } = json
  return { ...(Object.keys(overrides).length > 0 && { schedule: overrides }), ...others, ...given }
}

/** Whole or not at all; a link stays a link. */
async function write(file: string, text: string): Promise<void> {
  try {
    makeFolder(dirname(file))
    writeWholeFile(await realpath(file).catch(() => file), text)
  } catch (cause) {
    throw new TokentrayError(
      'settingsUnwritable',
      `The settings file ${file} could not be written: ${sayProblem((cause as NodeJS.ErrnoException).code)}. Check its folder and try again.`,
      { cause }
    )
  }
}

/** The settings that clients of the core are shown. */
export function settingsView({ schedule, overrides, concurrency, logLevel, theme }: Settings): SettingsView {
  return { schedule, overrides, concurrency, logLevel, theme }
}
