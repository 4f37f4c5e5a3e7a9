// What can be done for a vault that no longer opens: set it aside, find the sound backups, restore one.
// Nothing here overwrites or deletes a vault. What changes a file needs ownership, and the vault closed.
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { type Backup, listBackups, timeInName } from './backups.ts'
import { checkVault } from './check.ts'
import { asVaultError, connect } from './connection.ts'
import { askOnce, readKey } from './key.ts'
import { type OpenOptions, withDefaults } from './open.ts'
import { readSidecar, sidecarPath, writeSidecar } from './sidecar.ts'

/**
 * Moves the vault, what belongs to it and its sidecar to a dated name, which it returns; backups and the keychain's item
 * stay. After an interruption it can simply be run again. Throws `vaultUnwritable`.
 */
export function setAside(vault: string, clock: Clock): string {
  const aside = `${vault}.set-aside.${timeInName(clock.now())}`
  try {
    // The sidecar last: as long as it is there, no new vault takes the place of a half-moved one.
    for (const suffix of ['', '-wal', '-shm', '.json']) {
      if (existsSync(aside + suffix)) throw new Error('the name is taken')
      if (existsSync(vault + suffix)) renameSync(vault + suffix, aside + suffix)
    }
  } catch (error) {
    throw new TokentrayError('vaultUnwritable', `${vault} cannot be moved. Make its folder writable for your user.`, {
      cause: error
    })
  }
  return aside
}

/** The backups that open with the key and are sound, newest first. Rejects where the key cannot be had at all. */
export async function goodBackups(options: OpenOptions): Promise<Backup[]> {
  const asked = askOnce(options)
  const good: Backup[] = []
  for (const backup of listBackups(withDefaults(options).path)) {
    if (await isSound(backup, asked)) good.push(backup)
  }
  return good
}

/**
 * Puts a backup in the vault's place; what was there is set aside. Its grants are marked restored: their refresh tokens
 * may be spent, and trying a spent one can revoke what lives elsewhere. Rejects `vaultDamaged` and as goodBackups().
 */
export async function restoreBackup(options: OpenOptions, backup: Backup): Promise<void> {
  const { path, clock } = withDefaults(options)
  const { key, sidecar } = await keyOf(backup, options)
  // Marked before it takes the vault's name, so that no interruption leaves unmarked grants behind.
  const draft = `${path}.restoring`
  // With the log of one that was cut off: SQLite would play it into this copy, of another backup perhaps.
  for (const suffix of ['', '-wal', '-shm']) rmSync(draft + suffix, { force: true })
  copyFileSync(backup.path, draft)
  const db = connect(draft, key)
  try {
    db.prepare('UPDATE grants SET restored = 1, started_at = NULL').run()
  } catch (error) {
    throw asVaultError(error, draft)
  } finally {
    db.close()
  }
  setAside(path, clock)
  // An incomplete sidecar would take an absent vault for a new one.
  writeSidecar(path, { ...sidecar, complete: true })
  renameSync(draft, path)
}

async function isSound(backup: Backup, options: OpenOptions): Promise<boolean> {
  try {
    const { key } = await keyOf(backup, options)
    const db = connect(backup.path, key, true)
    try {
      return checkVault(db).length === 0
    } finally {
      db.close()
    }
  } catch (error) {
    const code = error instanceof TokentrayError ? error.code : ''
    if (code === 'vaultDamaged' || code === 'vaultKeyWrong') return false
    throw error
  }
}

async function keyOf(backup: Backup, options: OpenOptions) {
  const sidecar = readSidecar(backup.path)
  if (sidecar) return readKey(sidecar, { ...withDefaults(options), path: backup.path })
  throw new TokentrayError('vaultDamaged', `${sidecarPath(backup.path)}, which belongs to this backup, is missing.`)
}
