// Opens the vault: folder, sidecar, key, file and schema, in this order; whichever of them fails, nothing is lost.
// To be called only by the owner (app/owner/lock.ts). From here on nothing may open the vault file through `fs`.
import { randomBytes } from 'node:crypto'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Clock, sleep } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import { makeBackup } from './backups.ts'
import { connect } from './connection.ts'
import { askOnce, type KeyOptions, newKey, readKey, readKeyWithoutSidecar } from './key.ts'
import type { Migration } from './migrations/migration.ts'
import { migrate } from './migrations.ts'
import { checkPlace, type Mount } from './place.ts'
import { readSidecar, sidecarPath, writeSidecar } from './sidecar.ts'
import { createSqliteVault } from './sqlite.ts'
import type { Vault } from './vault.ts'

export type OpenOptions = Pick<KeyOptions, 'keychain' | 'passphrase' | 'ask' | 'askForNew'> & {
  /** The vault's file, or ':memory:'. */
  path: string
  clock: Clock
  /** A key that is forgotten with the process: for the demo and --ephemeral. The file must not exist yet. */
  throwaway?: boolean
  /** Told in a sentence what was mended or is odd. */
  notice?: (sentence: string) => void
  randomBytes?: (size: number) => Buffer
  migrations?: readonly Migration[]
  mountOf?: (folder: string) => Mount | null
}

/** `options` with what they leave out. */
export function withDefaults(options: OpenOptions) {
  return { randomBytes, notice: () => {}, ...options, path: resolve(options.path) }
}

/**
 * Opens the vault, or creates it where neither it nor its sidecar exists. Rejects with a TokentrayError whose code starts
 * with `vault`, `keychain` or `passphrase`; the vault's file is then as it was.
 */
export async function openVault(options: OpenOptions): Promise<Vault> {
  if (options.path === ':memory:') {
    const db = connect(':memory:', null)
    migrate(db, ':memory:', () => {}, options.migrations)
    return createSqliteVault(db, ':memory:', 'throwaway')
  }
  const complete = withDefaults(askOnce(options))
  checkPlace(complete.path, complete.notice, complete.mountOf)
  if (options.throwaway) return openThrowaway(complete)
  // Ownership keeps two first starts apart; should they meet nevertheless, the slower one waits for the other's vault.
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(complete)
    } catch (error) {
      if (!(error instanceof Unfinished)) throw error
      if (attempt === 20) throw asTokentrayError(error.cause)
      await sleep(complete.clock, 50)
    }
  }
}

type CompleteOptions = ReturnType<typeof withDefaults>

/** Another process may be creating this vault at this moment. */
class Unfinished extends Error {}

function openThrowaway(options: CompleteOptions): Vault {
  const { path } = options
  if (existsSync(path) || existsSync(sidecarPath(path))) {
    throw new TokentrayError('vaultUnsuitable', `${path} already exists. A temporary vault needs a separate file.`)
  }
  createPrivately(path)
  return openFile(options, new Secret(options.randomBytes(32).toString('hex')), 'throwaway')
}

async function openOnce(options: CompleteOptions): Promise<Vault> {
  const { path } = options
  const found = readSidecar(path)
  const size = statSync(path, { throwIfNoEntry: false })?.size
  const isNew = !found && size === undefined && !existsSync(`${path}-wal`)
  if (!isNew && !size && found?.complete !== false) throw lost(path, size)

  const { key, sidecar } = await (isNew
    ? newKey(options)
    : found
      ? readKey(found, options)
      : readKeyWithoutSidecar(options))
  try {
    if (isNew) writeSidecar(path, sidecar, true)
    if (size === undefined) createPrivately(path)
    const vault = openFile(options, key, sidecar.keySource)
    if (!found?.complete) writeSidecar(path, { ...sidecar, complete: true })
    return vault
  } catch (error) {
    if (!sidecar.complete && isContended(error)) throw new Unfinished('', { cause: asWriteError(error, path) })
    if (found || !(error instanceof TokentrayError) || error.code !== 'vaultDamaged') throw asWriteError(error, path)
    throw new TokentrayError(
      'vaultDamaged',
      `${path} is damaged or was written with another key. Tokentray cannot tell which, because ${sidecarPath(path)} is missing. Copy it from a backup (${path}.*.backup.json).`
    )
  }
}

function openFile(options: CompleteOptions, key: Secret, keySource: Vault['keySource']): Vault {
  const { path, clock, migrations } = options
  const db = connect(path, key)
  try {
    migrate(db, path, (version) => makeBackup(db, path, version, clock.now()), migrations)
    return createSqliteVault(db, path, keySource)
  } catch (error) {
    db.close()
    throw error
  }
}

/** SQLite would create the file readable by everyone. */
function createPrivately(path: string): void {
  writeFileSync(path, '', { mode: 0o600, flag: 'wx' })
}

function lost(path: string, size: number | undefined): TokentrayError {
  const what = size === undefined ? `The vault ${path} is missing` : `The vault ${path} is empty`
  return new TokentrayError(
    'vaultDamaged',
    `${what}. Run "tokentray vault restore" to restore the newest intact backup, or "tokentray vault reset" to start over.`
  )
}

/** What the slower of two first starts meets: the other's sidecar or file, half-made or locked. */
function isContended(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } }
  return code === 'EEXIST' || code === 'vaultDamaged' || cause?.code?.startsWith('SQLITE_BUSY') === true
}

/** A failure of `fs` while creating. */
function asWriteError(error: unknown, path: string): unknown {
  if (error instanceof TokentrayError || (error as NodeJS.ErrnoException).syscall === undefined) return error
  return new TokentrayError('vaultUnwritable', `${path} could not be created. Check free space and permissions.`, {
    cause: error
  })
}
