// Reads the settings file and checks all of it: with one wrong value, nothing of the file is used.
// Also merges the schedule from its three layers: built-in values, this file, and a server's own.
import { z } from 'zod'
import { readRegularFile } from '../base/regularFile.ts'
import { parseDuration } from '../contract/duration.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { Schedule } from '../contract/health.ts'
import { type ScheduleChanges, type ScheduleOverrides, scheduleOverrides } from '../contract/serverConfig.ts'
import { concurrency, logLevel, theme } from '../contract/settings.ts'
import { sayProblem } from '../health/problems.ts'
import { defaultSchedule } from '../health/schedule.ts'

export const settingsSchema = z
  .object({
    /** Schedule for every server that sets nothing of its own; times in ms. */
    schedule: scheduleOverrides.default({}),
    /** How many refreshes may run at the same time. */
    concurrency: concurrency.default(16),
    logLevel: logLevel.default('info'),
    /** `system`: the environment's HTTPS_PROXY, else the system's own; `none`; or the proxy's URL. */
    proxy: z
      .string()
      .regex(/^(system|none|(https?|socks5?):\/\/\S+)$/, 'use system, none, or a proxy as http://host:port')
      .default('system'),
    /** Where a client ID metadata document of Tokentray is published; null: nowhere. */
    clientMetadataUrl: z
      .string()
      .regex(/^https:\/\/[^/?#\s]+\/[^#\s]+$/, 'use an https URL with a path')
      .nullable()
      .default(null),
    /** How long an upstream may take until its answer to a local client begins, in ms. */
    gatewayHeaderTimeout: z.number().int().min(1000).default(300_000),
    /** Bodies of local clients up to this many bytes are kept, to be sent again with a new token. */
    gatewayKeepBody: z.number().int().min(0).max(67_108_864).default(1_048_576),
    /** Uids of further users of this computer who may use the gateway, such as a reverse proxy's; Linux only. */
    gatewayUsers: z.array(z.number().int().min(0).max(4_294_967_294)).max(100).default([]),
    /** Of the pages, in window and browser. */
    theme: theme.default('system')
  })
  .strict()

/** `schedule`: all values, as they are used. `overrides`: only those that the file sets. */
export type Settings = Omit<z.output<typeof settingsSchema>, 'schedule'> & {
  schedule: Schedule
  overrides: ScheduleOverrides
}

/** `base` with the fields that `overrides` sets. */
export function mergeSchedule(base: Schedule, overrides: ScheduleOverrides): Schedule {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(given) }
}

/** `overrides` with `changes` applied; null removes a field. */
export function changeOverrides(overrides: ScheduleOverrides, changes: ScheduleChanges): ScheduleOverrides {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined)
  const all = Object.entries({ ...overrides, ...Object.fromEntries(given) })
  return Object.fromEntries(all.filter(([, value]) => value !== null))
}

/** Durations of the schedule written as people write them ("90s", "5m"), in ms; everything else as it is. */
function readDurations(json: unknown): unknown {
  const { schedule, ...rest } = (json ?? {}) as { schedule?: unknown }
  if (typeof schedule !== 'object' || schedule === null) return json
  const read = (value: unknown) => {
    try {
      return typeof value === 'string' ? parseDuration(value) : value
    } catch {
      return value // The schema refuses it and names the field.
    }
  }
  return { ...rest, schedule: Object.fromEntries(Object.entries(schedule).map(([name, value]) => [name, read(value)])) }
}

/** Settings from their parsed JSON. @throws settingsUnreadable, naming `file` and the field. */
export function parseSettings(json: unknown, file: string): Settings {
  const parsed = settingsSchema.safeParse(readDurations(json))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = issue?.path.join('.') || 'the file'
    throw new TokentrayError(
      'settingsUnreadable',
      `The settings file ${file} is not valid: ${field}: ${issue?.message}.`
    )
  }
  const { schedule: overrides } = parsed.data
  return { ...parsed.data, overrides, schedule: mergeSchedule(defaultSchedule, overrides) }
}

/** The settings in `file`; the defaults where there is none. @throws settingsUnreadable */
export async function readSettings(file: string): Promise<Settings> {
  return parseSettings(await readJson(file), file)
}

/** What is in `file`, unchecked; an empty object where there is none. @throws settingsUnreadable */
export async function readJson(file: string): Promise<unknown> {
  let text: string
  try {
    text = String(await readRegularFile(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new TokentrayError(
      'settingsUnreadable',
      `The settings file ${file} could not be read: ${sayProblem((error as NodeJS.ErrnoException).code)}. Check its permissions.`,
      {
        cause: error
      }
    )
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new TokentrayError('settingsUnreadable', `The settings file ${file} is not valid JSON. Fix or remove it.`)
  }
}
