// Reads the proxy from the system's settings with its own tools: scutil (macOS), reg (Windows), gsettings (GNOME).
// A proxy script (PAC) cannot be run here; the desktop application asks Electron instead, which can.
import { execFile } from 'node:child_process'
import type { Clock } from '../base/clock.ts'
import { parseExceptions, type ResolveProxy, withScheme } from './proxy.ts'

export type SystemProxy = { proxy: string | null; isExcepted: (url: URL) => boolean }

/** Runs a program and resolves with its output; '' where it failed. */
export type AskTool = (command: readonly string[]) => Promise<string>

const none: SystemProxy = { proxy: null, isExcepted: () => false }
const windowsKey = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings'
const tools: Partial<Record<NodeJS.Platform, { command: readonly string[]; read: (said: string) => SystemProxy }>> = {
  darwin: { command: ['/usr/sbin/scutil', '--proxy'], read: readScutil },
  win32: { command: ['reg', 'query', windowsKey], read: readRegistry },
  linux: { command: ['gsettings', 'list-recursively', 'org.gnome.system.proxy'], read: readGsettings }
}

const answerMaxAgeMs = 60_000
const toolTimeoutMs = 2000

export function askSystem(given: { platform: NodeJS.Platform; clock: Clock; ask?: AskTool }): ResolveProxy {
  const { platform, clock, ask = run } = given
  const tool = tools[platform]
  let known: { at: number; found: Promise<SystemProxy> } | null = null
  return async (url) => {
    if (!tool) return null
    const age = known ? clock.now() - known.at : Number.NaN
    if (!known || !(age >= 0 && age < answerMaxAgeMs))
      known = { at: clock.now(), found: ask(tool.command).then(tool.read, () => none) }
    const { proxy, isExcepted } = await known.found
    return isExcepted(url) ? null : proxy
  }
}

/** macOS: a dictionary in lines, `HTTPSProxy : host`, with an array of exceptions. */
export function readScutil(said: string): SystemProxy {
  const value = (name: string) => new RegExp(`^\\s*${name} : (.+)$`, 'm').exec(said)?.[1]?.trim()
  const [, exceptions = ''] = /ExceptionsList : <array> \{([^}]*)\}/.exec(said) ?? []
  const list = [...exceptions.matchAll(/^\s*\d+ : (.+)$/gm)].map(([, entry]) => entry).join(' ')
  const local = value('ExcludeSimpleHostnames') === '1' ? ' <local>' : ''
  const host = value('HTTPSEnable') === '1' ? value('HTTPSProxy') : undefined
  const socks = value('SOCKSEnable') === '1' ? value('SOCKSProxy') : undefined
  const proxy = host
    ? `http://${host}:${value('HTTPSPort') ?? 80}`
    : socks
      ? `socks5://${socks}:${value('SOCKSPort') ?? 1080}`
      : null
  return { proxy, isExcepted: parseExceptions(list + local) }
}

/** Windows: `ProxyServer` is one for all, or `http=…;https=…;socks=…`. */
export function readRegistry(said: string): SystemProxy {
  const value = (name: string) => new RegExp(`^\\s*${name}\\s+REG_\\w+\\s+(.*)$`, 'm').exec(said)?.[1]?.trim() ?? ''
  if (!/^0x0*1$/.test(value('ProxyEnable'))) return none
  const server = value('ProxyServer')
  const each = new Map(server.split(';').map((part) => part.split('=', 2) as [string, string]))
  const socks = each.get('socks')
  const proxy = server.includes('=') ? (each.get('https') ?? (socks && `socks5://${socks}`)) : server
  return { proxy: proxy ? withScheme(proxy) : null, isExcepted: parseExceptions(value('ProxyOverride')) }
}

/** GNOME: one line for each key, values written as GVariant. */
export function readGsettings(said: string): SystemProxy {
  const value = (schema: string, key: string) =>
    new RegExp(`^org\\.gnome\\.system\\.proxy${schema} ${key} (.*)$`, 'm').exec(said)?.[1]?.trim() ?? ''
  const text = (schema: string, key: string) => value(schema, key).replace(/^'|'$/g, '')
  if (text('', 'mode') !== 'manual') return none
  const proxyOf = (schema: string, scheme: string) =>
    text(schema, 'host') && value(schema, 'port') !== '0'
      ? `${scheme}://${text(schema, 'host')}:${value(schema, 'port')}`
      : null
  const ignored = [...value('', 'ignore-hosts').matchAll(/'([^']*)'/g)].map(([, entry]) => entry).join(' ')
  return { proxy: proxyOf('.https', 'http') ?? proxyOf('.socks', 'socks5'), isExcepted: parseExceptions(ignored) }
}

function run([tool = '', ...words]: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(tool, words, { timeout: toolTimeoutMs, killSignal: 'SIGKILL', windowsHide: true }, (error, out) =>
      resolve(error ? '' : out)
    )
  })
}
