// The dashboard's port, kept from the first start on in a small file beside the vault's owner note.
// Never changed silently: a bookmark, or a program that took the old port, would meet somebody else's page.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TokentrayError } from '../contract/errors.ts'

export const defaultPort = 4141

const fileIn = (folder: string) => join(folder, 'dashboard.json')

/** The port kept in `folder`; the default before the first start. Throws `settingsUnreadable`. */
export function readPort(folder: string): number {
  const file = fileIn(folder)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return defaultPort
    throw unreadable(file, error)
  }
  try {
    const { port } = JSON.parse(text)
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  } catch {
    // Told below like any other text that names no port.
  }
  throw unreadable(file)
}

/** Keeps `port`, 0600, whole or not at all. */
export function keepPort(folder: string, port: number): void {
  const file = fileIn(folder)
  writeFileSync(`${file}.new`, `${JSON.stringify({ port })}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

function unreadable(file: string, cause?: unknown): TokentrayError {
  return new TokentrayError(
    'settingsUnreadable',
    `The dashboard's port in ${file} cannot be read; mend the file, remove it, or choose a port with --dashboard-port.`,
    { cause }
  )
}
