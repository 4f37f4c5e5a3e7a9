// The ports of dashboard and gateway, each kept from the first start on in a small file beside the vault's owner note.
// Never changed silently: a bookmark, or a client that knows the old port, would meet somebody else's program.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TokentrayError } from '../contract/errors.ts'
import type { Door } from '../net/loopback.ts'

export const doors = {
  gateway: { name: 'gateway', option: '--gateway-port', port: 4140 },
  dashboard: { name: 'dashboard', option: '--dashboard-port', port: 4141 }
} as const satisfies Record<string, Door & { port: number }>

type Kept = (typeof doors)[keyof typeof doors]

const fileIn = (folder: string, { name }: Kept) => join(folder, `${name}.json`)

/** The port kept in `folder`; the default before the first start. Throws `settingsUnreadable`. */
export function readPort(folder: string, door: Kept): number {
  const file = fileIn(folder, door)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return door.port
    throw unreadable(file, door, error)
  }
  try {
    const { port } = JSON.parse(text)
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  } catch {
    // Told below like any other text that names no port.
  }
  throw unreadable(file, door)
}

/** Keeps `port`, 0600, whole or not at all. */
export function keepPort(folder: string, door: Kept, port: number): void {
  const file = fileIn(folder, door)
  writeFileSync(`${file}.new`, `${JSON.stringify({ port })}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Where each door is going to be opened; null: not at all. @throws inputInvalid where that is one port for both */
export function keepApart(folder: string, chosen: { [K in keyof typeof doors]: number | undefined | null }): void {
  const portOf = (name: keyof typeof doors) => {
    try {
      return chosen[name] === null ? null : (chosen[name] ?? readPort(folder, doors[name]))
    } catch {
      return null // told by whoever opens it
    }
  }
  const { gateway, dashboard } = doors
  const port = portOf('gateway')
  // 0 is a port of the system's choice, another one each time.
  if (port && port === portOf('dashboard'))
    throw new TokentrayError(
      'inputInvalid',
      `Gateway and dashboard cannot both have port ${port}: choose another by ${gateway.option} or ${dashboard.option}.`
    )
}

function unreadable(file: string, { name, option }: Kept, cause?: unknown): TokentrayError {
  return new TokentrayError(
    'settingsUnreadable',
    `The ${name}'s port in ${file} cannot be read; mend the file, remove it, or choose a port with ${option}.`,
    { cause }
  )
}
