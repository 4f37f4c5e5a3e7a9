// The ports of dashboard and gateway, each kept from the first start on in a small file beside the vault's owner note.
// Never changed silently: a bookmark, or a client that knows the old port, would meet somebody else's program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeWholeFile } from '../base/wholeFile.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { Listener } from '../net/loopback.ts'

export const loopbackListeners = {
  gateway: { name: 'gateway', option: '--gateway-port', port: 4140 },
  dashboard: { name: 'dashboard', option: '--dashboard-port', port: 4141 }
} as const satisfies Record<string, Listener & { port: number }>

type KnownListener = (typeof loopbackListeners)[keyof typeof loopbackListeners]

const fileIn = (folder: string, { name }: KnownListener) => join(folder, `${name}.json`)

/** The port kept in `folder`; the default before the first start. Throws `settingsUnreadable`. */
export function readPort(folder: string, listener: KnownListener): number {
  const file = fileIn(folder, listener)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return listener.port
    throw unreadable(file, listener, error)
  }
  try {
    const { port } = JSON.parse(text)
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  } catch {
    // Told below like any other text that names no port.
  }
  throw unreadable(file, listener)
}

/** Keeps `port`, 0600, whole or not at all. */
export function keepPort(folder: string, listener: KnownListener, port: number): void {
  writeWholeFile(fileIn(folder, listener), `${JSON.stringify({ port })}\n`)
}

/** Where each listener is going to be opened; null: not at all. @throws inputInvalid where that is one port for both */
export function keepApart(
  folder: string,
  chosen: { [K in keyof typeof loopbackListeners]: number | undefined | null }
): void {
  const portOf = (name: keyof typeof loopbackListeners) => {
    try {
      return chosen[name] === null ? null : (chosen[name] ?? readPort(folder, loopbackListeners[name]))
    } catch {
      return null // told by whoever opens it
    }
  }
  const { gateway, dashboard } = loopbackListeners
  const port = portOf('gateway')
  // 0 is a port of the system's choice, another one each time.
  if (port && port === portOf('dashboard'))
    throw new TokentrayError(
      'inputInvalid',
      `Gateway and dashboard cannot both have port ${port}: choose another by ${gateway.option} or ${dashboard.option}.`
    )
}

function unreadable(file: string, { name, option }: KnownListener, cause?: unknown): TokentrayError {
  return new TokentrayError(
    'settingsUnreadable',
    `The ${name}'s port in ${file} cannot be read; mend the file, remove it, or choose a port with ${option}.`,
    { cause }
  )
}
