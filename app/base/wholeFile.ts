// Files written whole or not at all: a crash or a power cut leaves either the old text or the new one, never half of it.
// Small files only, as each write waits for the disk and holds up everything else in this process.
import type { Stats } from 'node:fs'
import { chmodSync, chownSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A new text beside the file that it is to replace. Whoever does not commit it discards it. */
export type Draft = {
  path: string
  /** Puts it in the file's place; where that fails, it is discarded and the file is as before. */
  commit(): void
  discard(): void
}

/** Writes `text` durably, 0600, in place of what `file` held. A link is replaced: give its target to keep it. */
export function writeWholeFile(file: string, text: string): void {
  writeDraft(file, text).commit()
}

/** Writes `text` beside `file`, with mode and owner of `like` where given, else 0600 and this user's. */
export function writeDraft(file: string, text: string, like?: Stats | null): Draft {
  const draft = join(dirname(file), `.tokentray-${crypto.randomUUID()}`)
  create(draft, text, like)
  const discard = () => rmSync(draft, { force: true })
  return {
    path: draft,
    commit() {
      try {
        renameSync(draft, file)
      } catch (error) {
        discard()
        throw error
      }
      syncFolderOf(file)
    },
    discard
  }
}

/** Writes a file that is new, durably; removed again where that fails. Mode and owner as in writeDraft(). Throws EEXIST. */
export function createFile(file: string, text: string, like?: Stats | null): void {
  create(file, text, like)
  syncFolderOf(file)
}

function create(file: string, text: string, like: Stats | null | undefined): void {
  const handle = openSync(file, 'wx', 0o600)
  try {
    try {
      writeFileSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    if (like) copyAccess(file, like)
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  }
}

function copyAccess(file: string, { uid, gid, mode }: Stats): void {
  if (process.platform === 'win32') return
  if (uid !== process.getuid?.() || gid !== process.getgid?.()) chownSync(file, uid, gid)
  chmodSync(file, mode & 0o7777)
}

/** Makes the file's new name durable, where the system can: Windows does so by itself, and some file systems never do. */
function syncFolderOf(file: string): void {
  if (process.platform === 'win32') return
  let folder: number | undefined
  try {
    folder = openSync(dirname(file), 'r')
    fsyncSync(folder)
  } catch {
    // The new text is in its place: told as a failure, this would be taken for a file that was not written.
  } finally {
    if (folder !== undefined) closeSync(folder)
  }
}
