// Starts the real bundled shell on the stand-in: a throw-away home, a keychain in a file, a real core and vault.
// The bundle is loaded by Node itself; each start gets a copy of its own, since a module runs once.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createFollower } from '../../app/contract/follower.ts'
import type { ServerView, Snapshot } from '../../app/contract/views.ts'
import { shared } from '../support/shared.ts'
import { createElectron, type Item, type StandIn, type StandInTray, type StandInWindow } from './electron.ts'
import type { MakePage } from './page.ts'

const root = join(import.meta.dirname, '..', '..')

export type Home = { folder: string; env: Record<string, string>; bundle: string; starts: number }

/** A home with the bundle beside it. `hasTray`: whether the desktop shows tray icons; `schedule`: of its settings. */
export async function makeHome(hasTray = true, schedule: Record<string, string> = {}): Promise<Home> {
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-double-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const at = (...parts: string[]) => join(folder, ...parts)
  for (const each of ['home', 'run', 'bin', 'node_modules/keytar'])
    mkdirSync(at(each), { recursive: true, mode: 0o700 })
  writeFileSync(at('package.json'), '{"type":"module"}')
  symlinkSync(join(root, 'node_modules', 'better-sqlite3'), at('node_modules/better-sqlite3'), 'junction')
  writeFileSync(at('node_modules/keytar/package.json'), '{"type":"commonjs","main":"index.js"}')
  writeFileSync(at('node_modules/keytar/index.js'), keytar)
  writeFileSync(at('shim.cjs'), shim)
  writeFileSync(
    at('bin/gdbus'),
    `#!/bin/sh\ncase "$*" in *StatusNotifierWatcher*) echo "(${hasTray},)";; *) exit 1;; esac\n`
  )
  chmodSync(at('bin/gdbus'), 0o755)
  writeFileSync(
    at('home/settings.json'),
    JSON.stringify({ schedule: { floor: '1s', backoffFirst: '1s', ...schedule } })
  )
  const bundle = at('bundle')
  cpSync(await shared('shell'), bundle, { recursive: true })
  return {
    folder,
    bundle,
    starts: 0,
    env: {
      TMPDIR: folder,
      PATH: `${at('bin')}${delimiter}${process.env.PATH}`,
      TOKENTRAY_HOME: at('home'),
      XDG_RUNTIME_DIR: at('run'),
      XDG_CONFIG_HOME: at('config'),
      DOUBLE_KEYTAR: at('keychain.json')
    }
  }
}

export type Started = StandIn & {
  tray(): StandInTray
  window(): StandInWindow
  /** "mark: label" of the servers' lines, then the labels of the others. */
  labels(): string[]
  /** Clicks the line whose label begins so, or the one inside it. */
  click(label: string, inner?: string): void
  /** Resolves at the first note at which `look` answers something. */
  until<T>(look: () => T | null | undefined | false): Promise<T>
  /** Asks to quit and resolves with the exit code when everything has ended. */
  quit(): Promise<number>
}

/** Runs main.js with these arguments; `pages` is a folder that was built. Whatever was started ends with the test. */
export async function start(
  home: Home,
  given: {
    argv?: string[]
    isFirst?: boolean
    isPackaged?: boolean
    switches?: readonly string[]
    pages?: string
    makePage?: MakePage
    platform?: NodeJS.Platform
    isOnline?: boolean
    /** Called with the module before the shell is loaded. */
    prepare?: (electron: StandIn['electron']) => void
  } = {}
): Promise<Started> {
  const folder = join(home.folder, `start-${home.starts++}`)
  cpSync(home.bundle, join(folder, 'main'), { recursive: true })
  if (given.pages) cpSync(given.pages, join(folder, 'renderer'), { recursive: true })
  else {
    mkdirSync(join(folder, 'renderer'))
    writeFileSync(join(folder, 'renderer', 'index.html'), '<!doctype html><title>t</title><p>a tiny page</p>')
  }
  const paths = { home: home.folder }
  const standIn = createElectron({
    paths,
    isFirst: given.isFirst ?? true,
    isPackaged: given.isPackaged,
    switches: given.switches,
    shim: join(home.folder, 'shim.cjs'),
    makePage: given.makePage
  })
  const { electron, recorded, notes } = standIn
  standIn.network.isOnline = given.isOnline ?? true
  given.prepare?.(electron)
  // A package beside each copy: a module is read once for each address.
  const key = `tokentray-double ${folder}`
  const global = globalThis as unknown as Record<string, unknown>
  global[key] = electron
  mkdirSync(join(folder, 'node_modules', 'electron'), { recursive: true })
  writeFileSync(join(folder, 'node_modules', 'electron', 'package.json'), '{"type":"module","main":"index.js"}')
  writeFileSync(
    join(folder, 'node_modules', 'electron', 'index.js'),
    `export const { ${Object.keys(electron).join(', ')} } = globalThis[${JSON.stringify(key)}]\n`
  )

  const before = { env: { ...process.env }, argv: process.argv, platform: process.platform }
  const pretend = (platform: NodeJS.Platform) => Object.defineProperty(process, 'platform', { value: platform })
  if (given.platform) pretend(given.platform)
  Object.assign(process.env, home.env)
  process.argv = ['electron', 'main.js', ...(given.argv ?? ['--hidden'])]
  onTestFinished(async () => {
    if (recorded.exits.length === 0) await started.quit()
    await standIn.over()
    for (const variable of Object.keys(home.env))
      if (before.env[variable] === undefined) delete process.env[variable]
      else process.env[variable] = before.env[variable]
    process.argv = before.argv
    pretend(before.platform)
    delete global[key]
  })
  createRequire(join(folder, 'main', 'main.js'))('./main.js')

  const items = () => recorded.trays.at(-1)?.menu ?? []
  const find = (list: Item[], label: string): Item => {
    const item = list.find((each) => each.label?.startsWith(label))
    if (!item) throw new Error(`no "${label}" among ${list.map((each) => each.label ?? '-').join(' | ')}`)
    return item
  }
  const started: Started = {
    ...standIn,
    tray: () => recorded.trays.at(-1)!,
    window: () => recorded.windows.at(-1)!,
    labels: () =>
      items().flatMap(({ label, icon }) => (label ? [icon ? `${markOf(String(icon))}: ${label}` : label] : [])),
    click(label, inner) {
      const item = find(items(), label)
      const clicked = inner === undefined ? item : find(item.submenu?.items ?? [], inner)
      clicked.click()
    },
    until(look) {
      const { promise, resolve } = Promise.withResolvers<never>()
      const see = () => {
        const seen = look()
        if (seen === null || seen === undefined || seen === false) return
        notes.off('noted', see)
        resolve(seen as never)
      }
      notes.on('noted', see)
      see()
      return promise
    },
    async quit() {
      electron.app.quit()
      const code = await started.until(() => (recorded.exits.length > 0 ? `${recorded.exits[0]}` : null))
      await standIn.over()
      return Number(code)
    }
  }
  return started
}

/** The snapshots the page gets; `until` resolves at the first view of `server` that is wanted. */
export function watch(started: Started) {
  let newest: Snapshot | null = null
  const waits = new Set<() => void>()
  const follower = createFollower()
  started.window().page.tokentray.onMessage((message) => {
    newest = follower.take(message)
    for (const look of [...waits]) look()
  })
  return {
    newest: () => newest,
    until(server: string, wanted: (view: ServerView) => boolean): Promise<ServerView> {
      const { promise, resolve } = Promise.withResolvers<ServerView>()
      const look = () => {
        const view = newest?.servers.find(({ id }) => id === server)
        if (!view || !wanted(view)) return
        waits.delete(look)
        resolve(view)
      }
      waits.add(look)
      look()
      return promise
    }
  }
}

const markOf = (file: string) => /^item-(\w+)-/.exec(file)?.[1] ?? file

/** keytar's API over a file, so that a key outlives a start as a keychain's would. */
const keytar = `
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const file = process.env.DOUBLE_KEYTAR
const read = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {})
exports.getPassword = async (service, account) => read()[service + ' ' + account] ?? null
exports.setPassword = async (service, account, value) =>
  writeFileSync(file, JSON.stringify({ ...read(), [service + ' ' + account]: value }))
exports.deletePassword = async () => true
`

/** What a utility process has and a forked Node has not. */
const shim = `
const { EventEmitter } = require('node:events')
process.parentPort = Object.assign(new EventEmitter(), { postMessage: (message) => process.send(message) })
process.on('message', (data) => process.parentPort.emit('message', { data }))
`

/** Makes the keychain say what a locked one says, until it is mended. */
export function lockKeychain(home: Home): { mend(): void } {
  const tool = join(home.folder, 'bin', 'gdbus')
  const before = readFileSync(tool, 'utf8')
  const away = `${home.env.DOUBLE_KEYTAR}.away`
  renameSync(home.env.DOUBLE_KEYTAR!, away)
  writeFileSync(tool, before.replace('case "$*" in', 'case "$*" in *Secret.Collection*) echo "(<true>,)";;'))
  return {
    mend() {
      renameSync(away, home.env.DOUBLE_KEYTAR!)
      writeFileSync(tool, before)
    }
  }
}

export const hasKey = (home: Home) => existsSync(home.env.DOUBLE_KEYTAR!)
