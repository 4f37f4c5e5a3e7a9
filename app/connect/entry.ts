// The entry for a server in a client's file, and how an entry found there is recognised as written by Tokentray.
// Entries carry no marker: one is ours if it holds the gateway's address or the bridge's command.
import type { ClientRow, Entry, Launcher, Way } from './clients.ts'

/** Stands for the key wherever an entry is shown. */
export const keyShown = '[key]'

export type Target = {
  server: string
  /** The gateway's origin, such as http://127.0.0.1:4140, without a slash at its end. */
  gateway: string
  launcher: Launcher
  /** Pass-through mode: `Authorization` holds the client's own credential, so our key goes into another header. */
  isPassThrough: boolean
}

/** The entry's name: some clients allow only letters, digits, - and _, so the dots of an id are replaced. */
export const entryName = (server: string): string => server.replaceAll('.', '-')

export const serverUrl = ({ gateway, server }: Target): string => `${gateway}/${server}`

/** The command of the bridge for this server. */
export function bridge({ launcher, server }: Target): Launcher {
  return { ...launcher, args: [...launcher.args, 'mcp', server] }
}

/**
 * The entry for `way`; `key` is text to write or `keyShown`. Throws where the client has no such way: ask `ways` first.
 */
export function makeEntry(row: ClientRow, way: Way, target: Target, key: string): Entry {
  const header = target.isPassThrough ? { 'X-Tokentray-Key': key } : { Authorization: `Bearer ${key}` }
  const entry =
    way === 'stdio' ? row.stdio?.(bridge(target)) : row.http?.(serverUrl(target), way === 'key' ? header : null)
  if (!entry) throw new Error(`${row.id} cannot be connected with ${way}`)
  return entry
}

const isRecord = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Whether `found` leads to this server: by the gateway's address, under any loopback name, or by the bridge's command.
 */
export function isOurs(found: unknown, target: Target): boolean {
  if (!isRecord(found)) return false
  const url = [found.url, found.httpUrl, found.serverUrl].find((value) => typeof value === 'string')
  if (url !== undefined) return isOurAddress(url as string, target)
  const { args } = found
  if (!Array.isArray(args) || args.length < 2) return false
  const words = [found.command, ...args].map(String)
  return words.at(-2) === 'mcp' && words.at(-1) === target.server && words.slice(0, -2).some(isTokentray)
}

/** Whether a path ends in the program `tokentray`; a folder of that name does not count. */
const isTokentray = (word: string) =>
  /(^|[\\/])tokentray(\.[a-z]+)?$/i.test(word) || /[\\/]app[\\/]cli[\\/]main\.ts$/.test(word)

function isOurAddress(text: string, target: Target): boolean {
  const wanted = new URL(serverUrl(target))
  if (!URL.canParse(text)) return false
  const found = new URL(text)
  const isSame = found.origin === wanted.origin
  const loopback = new Set(['127.0.0.1', 'localhost', '[::1]'])
  const isSameHere = loopback.has(found.hostname) && loopback.has(wanted.hostname) && found.port === wanted.port
  return (isSame || isSameHere) && found.pathname.replace(/\/$/, '') === wanted.pathname
}

/** The way in which an entry of ours connects: 'key' if it has headers. */
export function wayOf(found: Entry): Way {
  if ('command' in found) return 'stdio'
  return 'headers' in found || 'http_headers' in found ? 'key' : 'oauth'
}
