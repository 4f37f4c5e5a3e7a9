// Encrypted copies of the vault, with the same key and cipher, each with its sidecar: made before a migration, three are kept.
// A copy is made by VACUUM INTO: to open the live file through `fs` and close it again would drop SQLite's own locks (POSIX).
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Connection } from './connection.ts'
import { sidecarPath } from './sidecar.ts'

/** `version`: the schema's; `madeAt`: as in the file name, ISO 8601 (UTC) with "-" for ":". */
export type Backup = { path: string; version: number; madeAt: string }

const maxBackups = 3

/** A time as it stands in file names. `at` in ms since the epoch. */
export function timeInName(at: number): string {
  return new Date(at).toISOString().replaceAll(':', '-')
}

/** Copies the open vault and forgets all others but the newest two. `at` in ms since the epoch. */
export function makeBackup(db: Connection, vault: string, version: number, at: number): Backup {
  const madeAt = timeInName(at)
  const path = `${vault}.v${version}.${madeAt}.backup`
  // Under another name until it is whole: a torn copy must not push a good one out of the newest three.
  const draft = `${path}.new`
  rmSync(draft, { force: true })
  // Made by us first, as SQLite would create it readable by everyone; VACUUM INTO takes an empty file.
  writeFileSync(draft, '', { mode: 0o600, flag: 'wx' })
  try {
    db.prepare('VACUUM INTO ?').run(draft)
    if (existsSync(sidecarPath(vault))) copyFileSync(sidecarPath(vault), sidecarPath(path))
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  // The new one stays whatever its time: a clock that was set back makes it look the oldest.
  for (const old of listBackups(vault)
    .filter((other) => other.path !== path)
    .slice(maxBackups - 1)) {
    rmSync(old.path, { force: true })
    rmSync(sidecarPath(old.path), { force: true })
  }
  return { path, version, madeAt }
}

/** Newest first, sound or not; goodBackups() in recovery.ts looks inside. */
export function listBackups(vault: string): Backup[] {
  const prefix = `${basename(vault)}.v`
  return readdirSync(dirname(vault))
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => {
      const match = /^(\d+)\.(\d{4}-\d\d-\d\dT[\d.-]+Z)\.backup$/.exec(name.slice(prefix.length))
      return match ? [{ path: join(dirname(vault), name), version: Number(match[1]), madeAt: match[2]! }] : []
    })
    .sort((a, b) => (a.madeAt < b.madeAt ? 1 : -1))
}
