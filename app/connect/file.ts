// Reads another program's settings file, and writes it whole or not at all, after making a private backup outside any repository.
// A symbolic link stays a link, its owner stays; its mode too, unless others could read the key that is written.
import { createHash } from 'node:crypto'
import { existsSync, type Stats } from 'node:fs'
import { readdir, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { makeFolder, nearestReal } from '../base/folder.ts'
import { readRegularFile } from '../base/regularFile.ts'
import { createFile, writeDraft } from '../base/wholeFile.ts'
import { TokentrayError } from '../contract/errors.ts'

export type Found = {
  /** As the client names it. */
  file: string
  /** Where its bytes are, links followed. */
  target: string
  /** Null where there is no file yet. */
  text: string | null
  /** Users other than its owner can read it. */
  isShared: boolean
  /** See readConfig(). */
  within: string | undefined
}

/** How a file is written. */
export type WriteOptions = {
  now: number
  /** Tokentray's own folder, for a backup that must not lie where the file is. */
  backups: string
  /** The text holds a key: nobody else may read the file from now on. */
  isSecret: boolean
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

/**
 * `within`: the folder of a project, out of which no link is followed, since others wrote what is in it: a link there could have
 * a private file copied or changed. @throws configUnreadable where it is not a file, no text, not to be read, or elsewhere
 */
export async function readConfig(file: string, within?: string): Promise<Found> {
  const unreadable = (reason: string, cause?: unknown) =>
    new TokentrayError('configUnreadable', `${file} could not be read: ${reason}.`, { cause })
  try {
    const target = await realpath(file)
    if (within !== undefined) await refuseOutside(file, target, within)
    const stats = await stat(target)
    if (!stats.isFile()) throw unreadable('it is not a file')
    if (stats.size > maxFileBytes) throw unreadable('it is too large for a settings file')
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readRegularFile(target))
    return { file, target, text, isShared: isShared(stats), within }
  } catch (error) {
    if (error instanceof TokentrayError) throw error
    if (error instanceof TypeError) throw unreadable('it is not UTF-8 text', error)
    if (codeOf(error) === 'ENOENT') return missing(file, within)
    throw unreadable(codeOf(error), error)
  }
}

/** No file yet. A link that leads nowhere is refused: somebody made it on purpose. */
async function missing(file: string, within?: string): Promise<Found> {
  const names: string[] = await readdir(dirname(file)).catch(() => [])
  if (names.includes(basename(file)))
    throw new TokentrayError('configUnreadable', `${file} is a broken link. Fix it, then try again.`)
  if (within !== undefined) await refuseOutside(file, nearestReal(dirname(file)), within)
  return { file, target: file, text: null, isShared: false, within }
}

async function refuseOutside(file: string, target: string, within: string): Promise<void> {
  const way = relative(await realpath(within), target)
  if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)) return
  throw new TokentrayError(
    'configUnreadable',
    `${file} leads out of the project, to ${target}. Tokentray does not follow such a link. Replace it with a file.`
  )
}

/** On Windows the profile's access list, inherited, says who may read. */
const isShared = ({ mode }: Stats) => process.platform !== 'win32' && (mode & 0o077) !== 0

/**
 * Writes `text` in one step if the file is still as `found`. Returns the backup's path, null for a new file.
 * `text` null removes a file that was made by us. @throws configChanged, configUnwritable
 */
export async function writeConfig(found: Found, text: string | null, options: WriteOptions): Promise<string | null> {
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
    const backup = found.text === null || stats === null ? null : await backUp(found, found.text, stats, options)
    await replace(found, text, stats, options)
    return backup
  } catch (error) {
    throw error instanceof TokentrayError ? error : unwritable(file, codeOf(error), error)
  }
}

async function refuseChanged(found: Found): Promise<void> {
  const current = await readConfig(found.file, found.within)
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

async function replace(found: Found, text: string, stats: Stats | null, { isSecret }: WriteOptions): Promise<void> {
  const draft = writeDraft(found.target, text, stats && isSecret ? onlyForItsOwner(stats) : stats)
  try {
    // Asked of the file itself: a file system without permissions takes the mode and does not keep it.
    if (isSecret && isShared(await stat(draft.path)))
      throw unwritable(found.file, 'its file system has no permissions, so others could read the key. Use --stdio')
    // Asked once more: writing the draft took its time, and the rename would undo what another program wrote.
    await refuseChanged(found)
    draft.commit()
  } catch (error) {
    draft.discard()
    throw error
  }
}

function onlyForItsOwner(stats: Stats): Stats {
  return Object.assign(Object.create(stats), { mode: stats.mode & ~0o077 })
}

/** Beside the file itself, readable by its owner alone; the newest three stay. */
async function backUp(found: Found, text: string, stats: Stats, { now, backups }: WriteOptions): Promise<string> {
  const { target } = found
  // A copy in a repository would be committed with everything in it.
  const isKeptApart = isInRepository(dirname(target))
  const folder = isKeptApart ? backups : dirname(target)
  if (isKeptApart) makeFolder(folder)
  const place = isKeptApart ? `${createHash('sha256').update(target).digest('hex').slice(0, 8)}-` : ''
  const stem = `${place}${basename(target)}.tokentray-backup-`
  const time = new Date(now).toISOString().replace(/[-:]/g, '').replace('.', '-')
  const backup = join(folder, stem + time)
  await rm(backup, { force: true })
  createFile(backup, text, onlyForItsOwner(stats))
  const all = (await readdir(folder)).filter((name) => name.startsWith(stem)).sort()
  for (const old of all.slice(0, -backupsKept)) await rm(join(folder, old), { force: true })
  return backup
}

/** Whether what is in `folder` is likely to be committed and shared. */
export function isInRepository(folder: string): boolean {
  if (['.git', '.hg', '.svn', '.jj'].some((name) => existsSync(join(folder, name)))) return true
  const parent = dirname(folder)
  return parent !== folder && isInRepository(parent)
}
