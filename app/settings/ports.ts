// Keeps the ports of dashboard and gateway from the first start on, each in a small file in the owner's folder.
// A port is never changed silently: a bookmark or a client's configuration would then reach another program.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readRegularFileSync } from '../base/regularFile.ts'
import { writeWholeFile } from '../base/wholeFile.ts'
import { TokentrayError } from '../contract/errors.ts'
import { sayProblem } from '../health/problems.ts'
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
    text = readRegularFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return listener.port
    throw unreadable(file, listener, error)
  }
  try {
    const { port } = JSON.parse(text)
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  } catch {
    // Not JSON: the same error as for JSON without a port.
  }
  throw unreadable(file, listener)
}

/** Keeps `port`, 0600, whole or not at all; one that is kept already is not written again. Throws `settingsUnwritable`. */
export function keepPort(folder: string, listener: KnownListener, port: number): void {
  const file = fileIn(folder, listener)
  const text = `${JSON.stringify({ port })}\n`
  try {
    // A disk that is full is no reason to go without what needs nothing written.
    if (!existsSync(file) || readRegularFileSync(file) !== text) writeWholeFile(file, text)
  } catch (cause) {
    throw new TokentrayError(
      'settingsUnwritable',
      `The port of the ${listener.name} in ${file} could not be written: ${sayProblem((cause as NodeJS.ErrnoException).code)}. Check free space and permissions.`,
      { cause }
    )
  }
}

/** `chosen`: each listener's port; undefined: the kept one; null: not opened. @throws inputInvalid where both are the same port */
export function keepApart(
  folder: string,
  chosen: { [K in keyof typeof loopbackListeners]: number | undefined | null }
): void {
  const portOf = (name: keyof typeof loopbackListeners) => {
    try {
      return chosen[name] === null ? null : (chosen[name] ?? readPort(folder, loopbackListeners[name]))
    } catch {
      return null // Whoever opens this listener reports the error.
    }
  }
  const { gateway, dashboard } = loopbackListeners
  const port = portOf('gateway')
  // 0 lets the system choose a free port, so two listeners with 0 never collide.
  if (port && port === portOf('dashboard'))
    throw new TokentrayError(
      'inputInvalid',
      `The gateway and the dashboard cannot both use port ${port}. Choose another with ${gateway.option} or ${dashboard.option}.`
    )
}

function unreadable(file: string, { name, option }: KnownListener, cause?: unknown): TokentrayError {
  return new TokentrayError(
    'settingsUnreadable',
    `The port of the ${name} in ${file} could not be read. Fix or remove the file, or choose a port with ${option}.`,
    { cause }
  )
}
