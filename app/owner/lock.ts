// Decides which process owns the vault: by an exclusive SQLite lock on owner.db, which ends with the process.
// owner.db stands beside the vault: on POSIX, closing any descriptor of a locked file would drop the lock on it.
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { makePrivateFolder } from '../base/paths.ts'
import { TokentrayError } from '../contract/errors.ts'
import { refuseForeign, refuseRemote } from '../vault/place.ts'
import { removeHolder, writeHolder } from './endpoint.ts'

export interface Ownership {
  /** Lets go; safe to call twice. */
  release(): void
}

// Long enough for two that start at once to settle who is first, short enough to block the thread unnoticed.
const lockTimeoutMs = 50

/**
 * Becomes the one owner of the vault in `folder` (created 0700 if absent), or answers null where another process is it.
 * Never read owner.db through `fs` while holding it. Throws `vaultUnwritable`, `vaultUnsuitable`, `vaultNotPrivate`.
 */
export function claimOwnership(folder: string): Ownership | null {
  const path = join(folder, 'owner.db')
  // Before anything is made there: a lock on such a place is worth nothing either.
  refuseRemote(folder)
  refuseForeign(folder)
  makePrivateFolder(folder)
  try {
    createPrivately(path)
    try {
      return announce(folder, lock(path))
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_NOTADB') throw error
      // The file holds nothing, so garbage in it is dropped. Emptied in place, not replaced: a second inode
      // would let a second owner in, while a lock held on this one outlives its contents.
      truncateSync(path)
      return announce(folder, lock(path))
    }
  } catch (error) {
    throw new TokentrayError('vaultUnwritable', `${path} cannot be written. Make its folder writable for your user.`, {
      cause: error
    })
  }
}

/** Says who holds the lock, for messages of processes that wait for it. */
function announce(folder: string, ownership: Ownership | null): Ownership | null {
  if (!ownership) return null
  let isOver = false
  writeHolder(folder)
  return {
    release() {
      if (isOver) return
      isOver = true
      // While the lock is still held: afterwards the file may be a successor's.
      removeHolder(folder)
      ownership.release()
    }
  }
}

function lock(path: string): Ownership | null {
  const db = new Database(path, { timeout: lockTimeoutMs, fileMustExist: true })
  try {
    // Memory: no journal file that a kill would leave behind and the next start would have to play back.
    db.pragma('journal_mode=MEMORY')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (codeOf(error).startsWith('SQLITE_BUSY')) return null
    throw error
  }
  return {
    release() {
      if (db.open) db.close()
    }
  }
}

function createPrivately(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}
