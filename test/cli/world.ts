// A world for one command line: streams in memory, a core the test wrote, a lock in memory, no browser.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../app/base/clock.ts'
import { locate, type Paths } from '../../app/base/paths.ts'
import { isInteractive, printNote } from '../../app/cli/output.ts'
import { talkHidden } from '../../app/cli/prompt.ts'
import { run } from '../../app/cli/run.ts'
import { Interrupted, type World } from '../../app/cli/world.ts'
import { type FakeCore, makeCore } from '../owner/fakeCore.ts'
import { readHandOver } from '../support/handOver.ts'

export function makePaths(): Paths {
  const home = mkdtempSync(join(tmpdir(), 'tt-cli-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return locate({ TOKENTRAY_HOME: home, XDG_RUNTIME_DIR: home }, process.platform)
}

/** The lock that claimOwnership takes for real. */
export function makeLock() {
  let held = false
  let claims = 0
  return {
    isHeld: () => held,
    claims: () => claims,
    claim: async () => {
      if (held) return null
      held = true
      claims += 1
      return {
        release: () => {
          held = false
        }
      }
    }
  }
}

export type Setting = {
  core?: FakeCore
  paths?: Paths
  lock?: ReturnType<typeof makeLock>
  env?: Record<string, string>
  stdin?: string
  isTTY?: boolean
  clock?: Clock
  lookUp?: (name: string) => Promise<readonly string[]>
  openBrowser?: (url: string) => Promise<boolean>
  openPage?: (file: string) => Promise<boolean>
}

export function makeWorld(setting: Setting = {}) {
  const { core = makeCore(), paths = makePaths(), lock = makeLock(), env = {} } = setting
  const stdin = Object.assign(new PassThrough(), setting.isTTY ? { isTTY: true } : {})
  if (setting.stdin !== undefined) stdin.end(setting.stdin)
  const stdout = new PassThrough()
  const stderr = Object.assign(new PassThrough(), setting.isTTY ? { isTTY: true } : {})
  const text = { out: '', err: '' }
  stdout.setEncoding('utf8').on('data', (chunk) => (text.out += chunk))
  stderr.setEncoding('utf8').on('data', (chunk) => (text.err += chunk))
  const stopping = new AbortController()
  const world: World = {
    env,
    platform: process.platform,
    paths,
    version: '1.2.3',
    stdin,
    stdout,
    stderr,
    clock: setting.clock ?? systemClock(),
    random: () => 0.5,
    signal: stopping.signal,
    claim: lock.claim,
    hostCore: async () => core,
    notice: (sentence) => printNote(world, `tokentray: ${sentence}`),
    get ask(): World['ask'] {
      return isInteractive(world) ? (talk) => talkHidden(world, talk) : null
    },
    lookUp: setting.lookUp ?? (async () => ['127.0.0.1']),
    openBrowser: setting.openBrowser ?? (async () => false),
    openPage: setting.openPage ?? (async (file) => (await setting.openBrowser?.(await readHandOver(file))) ?? false)
  }
  return {
    world,
    core,
    paths,
    lock,
    text,
    stdin,
    interrupt: (exitCode = 130) => stopping.abort(new Interrupted(exitCode))
  }
}

/** Runs `argv` to its end in a fresh world. */
export async function runIn(argv: string[], setting: Setting = {}) {
  const made = makeWorld(setting)
  const exitCode = await run(argv, made.world)
  return { ...made, exitCode, out: made.text.out, err: made.text.err }
}

export const fail = (code: string, message: string) => () => {
  throw { code, message }
}
