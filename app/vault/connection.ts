// One SQLite connection to the encrypted file: cipher, key and durability settings, in the only order that works.
// Also the one place where SQLite's error codes are turned into Tokentray's.
import Database from 'better-sqlite3'
import { expose, type Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { sayProblem } from '../health/problems.ts'

export type Connection = Database.Database

/** Whether this is 32 bytes in hex: anything else SQLite would silently take as a passphrase. */
export function isRawKey(key: Secret): boolean {
  return /^[0-9a-f]{64}$/.test(expose(key))
}

/**
 * Opens an existing file (an empty one becomes a new database) with a raw key of 64 hex digits, or ':memory:' with none.
 * `readonly` is for copies at rest, which stay as they are.
 * Throws `vaultKeyWrong` for a malformed key, `vaultDamaged` where the first read fails, `vaultUnsuitable`, `vaultUnwritable`.
 */
export function connect(path: string, key: Secret | null, readonly = false): Connection {
  const inMemory = path === ':memory:'
  // An absent or malformed key would be taken as "no encryption" or as a passphrase, silently.
  if (!inMemory && (!key || !isRawKey(key))) {
    throw new TokentrayError('vaultKeyWrong', `The key for ${path} is not a Tokentray key.`)
  }
  let db: Connection | undefined
  try {
    // SQLite blocks the thread while it waits for a lock.
    db = new Database(path, { timeout: 250, fileMustExist: !inMemory, readonly })
    if (!inMemory && key) {
      db.pragma("cipher='sqlcipher'")
      db.pragma('legacy=4')
      const literal = Buffer.from(`x'${expose(key)}'`)
      db.key(literal)
      literal.fill(0)
      // A wrong key shows only at the first read.
      db.pragma('user_version')
      if (!readonly && db.pragma('journal_mode=WAL', { simple: true }) !== 'wal') {
        throw new TokentrayError(
          'vaultUnsuitable',
          `${path} is in a place where SQLite cannot work safely. Use a local disk.`
        )
      }
    }
    // WAL's own default loses acknowledged writes at a power cut; without fullfsync macOS does as well.
    db.pragma('synchronous=FULL')
    db.pragma('fullfsync=ON')
    // Sorter spills and VACUUM would write plaintext into temporary files.
    db.pragma('temp_store=MEMORY')
    db.pragma('foreign_keys=ON')
    return db
  } catch (error) {
    db?.close()
    throw asVaultError(error, path)
  }
}

/** SQLite's errors as ours; everything that is not about the file passes unchanged. */
export function asVaultError(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(error.code)) {
    return new TokentrayError(
      'vaultDamaged',
      `The vault ${path} is damaged. Run "tokentray vault restore" to restore its newest intact backup, or "tokentray vault reset" to start over.`,
      { cause: error }
    )
  }
  if (/^SQLITE_(FULL|READONLY|IOERR|CANTOPEN|BUSY|LOCKED|PERM|AUTH)/.test(error.code)) {
    return new TokentrayError(
      'vaultUnwritable',
      `The vault ${path} could not be written: ${sayProblem(error.code)}. Check free space and permissions. Nothing was changed.`,
      { cause: error }
    )
  }
  return error
}
