// Makes a private folder with its parents, and finds where a folder is that may not be there yet. Node's own recursive mkdir
// never returns where a parent can be seen but takes no folders, such as /proc: one wrong variable would keep a process busy.
import { mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes `folder` and whatever is missing above it, 0700 where new. Throws the system's error. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const parent = dirname(folder)
    if (code === 'ENOENT' && parent !== folder && !isThere(parent)) {
      makeFolder(parent)
      makeFolder(folder)
      return
    }
    // Not only EEXIST: a disk that may not be written says so of a folder that is there, too.
    if (!isFolder(folder)) throw error
  }
}

/** The real path of `folder`, or of the nearest folder above it that is there. */
export function nearestReal(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    const parent = dirname(folder)
    return parent === folder ? folder : nearestReal(parent)
  }
}

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined
const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
