// owner.json: the private file in which the owner of the vault says where its control socket is and which key opens it.
// Written whole, readable by its user only, and removed only by the owner that wrote it: its successor has one of its own.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** Writes the note into `folder`, 0600, in one step. */
export function writeEndpoint(folder: string, endpoint: Endpoint): void {
  writeWholeFile(file(folder), `${JSON.stringify({ ...endpoint, key: expose(endpoint.key) })}\n`)
}

/** The note in `folder`; null where there is none, or none that can be understood. Throws `ownerUnreachable`. */
export function readEndpoint(folder: string): Endpoint | null {
  let text: string
  try {
    text = readFileSync(file(folder), 'utf8')
  } catch (error) {
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
  const found = readEndpoint(folder)
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
    const pid = Number.parseInt(readFileSync(holderFile(folder), 'utf8'), 10)
    if (pid > 0) return pid
  } catch {
    // Its owner is of an earlier version, or could not write it.
  }
  return readEndpoint(folder)?.pid ?? null
}
