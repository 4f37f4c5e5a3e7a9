// Reads another program's settings file, and writes it whole or not at all, after making a backup beside it.
// A symbolic link stays a link; the file's mode and owner stay as they were.
import type { Stats } from 'node:fs'
import { readdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeFolder } from '../base/folder.ts'
import { createFile, writeDraft } from '../base/wholeFile.ts'
import { TokentrayError } from '../contract/errors.ts'

export type Found = {
  /** As the client names it. */
  file: string
  /** Where its bytes are, links followed. */
  target: string
  /** Null where there is no file yet. */
  text: string | null
}

/** Larger than any settings file; a larger one is left alone. */
const maxFileBytes = 32 * 1024 * 1024
const backupsKept = 3

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown'

function unwritable(file: string, reason: string, cause?: unknown): TokentrayError {
  return new TokentrayError('configUnwritable', `${file} could not be written: ${reason}. Nothing was changed.`, {
    cause
  })
}

/** @throws configUnreadable where it is not a file, no text, or not to be read */
export async function readConfig(file: string): Promise<Found> {
  const unreadable = (reason: string, cause?: unknown) =>
    new TokentrayError('configUnreadable', `${file} could not be read: ${reason}.`, { cause })
  try {
    const target = await realpath(file)
    const stats = await stat(target)
    if (!stats.isFile()) throw unreadable('it is not a file')
    if (stats.size > maxFileBytes) throw unreadable('it is too large for a settings file')
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(target))
    return { file, target, text }
  } catch (error) {
    if (error instanceof TokentrayError) throw error
    if (error instanceof TypeError) throw unreadable('it is not UTF-8 text', error)
    if (codeOf(error) === 'ENOENT') return missing(file)
    throw unreadable(codeOf(error), error)
  }
}

/** No file yet. A link that leads nowhere is refused: somebody made it on purpose. */
async function missing(file: string): Promise<Found> {
  const names: string[] = await readdir(dirname(file)).catch(() => [])
  if (names.includes(basename(file)))
    throw new TokentrayError('configUnreadable', `${file} is a broken link. Fix it, then try again.`)
  return { file, target: file, text: null }
}

/**
 * Writes `text` in one step if the file is still as `found`. Returns the backup's path, null for a new file.
 * `text` null removes a file that was made by us. @throws configChanged, configUnwritable
 */
export async function writeConfig(found: Found, text: string | null, now: number): Promise<string | null> {
  const { file, target } = found
  await refuseChanged(found)
  try {
    if (text === null) {
      await rm(target)
      return null
    }
    if (found.text === null) makeFolder(dirname(target))
    const stats = found.text === null ? null : await stat(target)
    if (stats) refuseForeign(file, stats)
    const backup = found.text === null || stats === null ? null : await backUp(file, found.text, stats, now)
    await replace(found, text, stats)
    return backup
  } catch (error) {
    throw error instanceof TokentrayError ? error : unwritable(file, codeOf(error), error)
  }
}

async function refuseChanged(found: Found): Promise<void> {
  const current = await readConfig(found.file)
  if (current.text !== found.text || current.target !== found.target)
    throw new TokentrayError(
      'configChanged',
      `Another program changed ${found.file} in the meantime, so nothing was written. Review the change again.`
    )
}

/** Refuses read-only files: renaming over one needs no right to the file, so it would succeed. */
function refuseForeign(file: string, stats: Stats): void {
  if (stats.nlink > 1)
    throw unwritable(file, 'it has more than one hard link, and the others would keep the old content')
  if (process.platform === 'win32') return
  if ((stats.mode & 0o200) === 0) throw unwritable(file, 'it is read-only')
  const uid = process.getuid?.() ?? 0
  if (uid !== 0 && stats.uid !== uid) throw unwritable(file, 'it belongs to another user')
}

async function replace(found: Found, text: string, stats: Stats | null): Promise<void> {
  const draft = writeDraft(found.target, text, stats)
  try {
    // Asked once more: writing the draft took its time, and the rename would undo what another program wrote.
    await refuseChanged(found)
    draft.commit()
  } catch (error) {
    draft.discard()
    throw error
  }
}

/**
 * Beside the name the client uses, so that a file linked into a repository leaves no copy there; the newest three stay.
 */
async function backUp(file: string, text: string, stats: Stats, now: number): Promise<string> {
  const stem = `${basename(file)}.tokentray-backup-`
  const time = new Date(now).toISOString().replace(/[-:]/g, '').replace('.', '-')
  const backup = join(dirname(file), stem + time)
  await rm(backup, { force: true })
  createFile(backup, text, stats)
  const all = (await readdir(dirname(file))).filter((name) => name.startsWith(stem)).sort()
  for (const old of all.slice(0, -backupsKept)) await rm(join(dirname(file), old), { force: true })
  return backup
}
