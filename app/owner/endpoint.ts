// owner.json: the private file in which the owner of the vault says where its control socket is and which key opens it.
// Written whole, readable by its user only, and removed only by the owner that wrote it: its successor has one of its own.
import { lstatSync, rmSync, type Stats, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readRegularFileSync } from '../base/regularFile.ts'
import { expose, Secret } from '../base/secret.ts'
import { writeWholeFile } from '../base/wholeFile.ts'
import { TokentrayError } from '../contract/errors.ts'
import { sayProblem } from '../health/problems.ts'

export type OwnerKind = 'lasting' | 'command'

export type Endpoint = {
  pid: number
  /** The socket's path, or the pipe's name on Windows. */
  socket: string
  key: Secret
  kind: OwnerKind
  version: string
  /** The vault it owns: another one in the same folder must not be mistaken for it. */
  vault: string
}

const file = (folder: string) => join(folder, 'owner.json')

/** Writes the note into `folder`, 0600, in one step. Throws `vaultUnwritable`. */
export function writeEndpoint(folder: string, endpoint: Endpoint): void {
  try {
    writeWholeFile(file(folder), `${JSON.stringify({ ...endpoint, key: expose(endpoint.key) })}\n`)
  } catch (error) {
    throw new TokentrayError(
      'vaultUnwritable',
      `The file ${file(folder)} could not be written: ${sayProblem((error as NodeJS.ErrnoException).code)}. Check free space and permissions.`,
      { cause: error }
    )
  }
}

/** Whether nobody but this user and root could have made or changed it. On Windows the profile's access list sees to that. */
function isOurs({ uid, mode }: Stats): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0)
}

/** The text of our own file. Judged as opened: its name may lead elsewhere a moment later. Throws `vaultNotPrivate`. */
function readOwn(path: string): string {
  return readRegularFileSync(path, (stats) => {
    if (!isOurs(stats)) throw notOurs(path)
  })
}

function notOurs(path: string): TokentrayError {
  return new TokentrayError(
    'vaultNotPrivate',
    `${path} belongs to another user or can be changed by one, so it was not trusted. Remove it, and keep the vault in a folder that only you can write to.`
  )
}

/**
 * Throws `vaultNotPrivate` where the socket, or the folder in which it could be replaced, is another user's: after an owner
 * that crashed, anybody may have made both anew in a shared folder of temporary files.
 */
export function checkSocket({ socket }: Endpoint): void {
  if (process.getuid === undefined) return
  for (const path of [dirname(socket), socket]) {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found && !isOurs(found)) throw notOurs(path)
  }
}

/**
 * The note in `folder`; null where there is none, or none that can be understood. Throws `ownerUnreachable`, and
 * `vaultNotPrivate` where another user could have written it: whoever believed that would send it tokens and passphrases.
 */
export function readEndpoint(folder: string): Endpoint | null {
  let text: string
  try {
    text = readOwn(file(folder))
  } catch (error) {
    if (error instanceof TokentrayError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new TokentrayError(
      'ownerUnreachable',
      `The file ${file(folder)} could not be read: ${sayProblem(code)}. Run this command as the user who owns the vault.`,
      { cause: error }
    )
  }
  try {
    const { pid, socket, key, kind, version, vault } = JSON.parse(text)
    if (typeof pid !== 'number' || [socket, key, version, vault].some((field) => typeof field !== 'string')) return null
    if (kind !== 'lasting' && kind !== 'command') return null
    return { pid, socket, key: new Secret(key), kind, version, vault }
  } catch {
    return null
  }
}

/** Removes the note if it is still the one with this key. */
export function removeEndpoint(folder: string, key: Secret): void {
  const found = readEndpointIfOurs(folder)
  if (found && expose(found.key) === expose(key)) rmSync(file(folder), { force: true })
}

const holderFile = (folder: string) => join(folder, 'owner.pid')

/**
 * Notes that this process holds the lock in `folder`, from before it answers on its socket. Words for a message alone: what
 * cannot be written is left out.
 */
export function writeHolder(folder: string): void {
  try {
    rmSync(holderFile(folder), { force: true })
    // Not durable, as after a power cut nobody holds the lock.
    writeFileSync(holderFile(folder), `${process.pid}\n`, { flag: 'wx', mode: 0o600 })
  } catch {
    // The disk is full.
  }
}

export function removeHolder(folder: string): void {
  try {
    rmSync(holderFile(folder), { force: true })
  } catch {
    // The disk was taken away.
  }
}

/** The process that holds the lock in `folder`, or that answers there; null where neither is known. */
export function readHolder(folder: string): number | null {
  try {
    const pid = Number.parseInt(readOwn(holderFile(folder)), 10)
    if (pid > 0) return pid
  } catch {
    // Its owner is of an earlier version, or could not write it.
  }
  return readEndpointIfOurs(folder)?.pid ?? null
}

/** For whoever only compares or names it: connect() is what tells a person. */
function readEndpointIfOurs(folder: string): Endpoint | null {
  try {
    return readEndpoint(folder)
  } catch {
    return null
  }
}
