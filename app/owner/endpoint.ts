// owner.json: the private file in which the owner of the vault says where its control socket is and which key opens it.
// Written whole, readable by its user only, and removed only by the owner that wrote it: its successor has one of its own.
import { readFileSync, rmSync } from 'node:fs'
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
