// `tokentray demo`: three local servers that behave differently, in a temporary vault, signed in automatically and shown live.
// The exit code is 0 only if the server `steady` had a valid token at all times after its first one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withTimeout } from '../../base/abort.ts'
import { sleep } from '../../base/clock.ts'
import { locate } from '../../base/paths.ts'
import type { Call } from '../../contract/commands.ts'
import { parseDuration } from '../../contract/duration.ts'
import { type ErrorCode, TokentrayError } from '../../contract/errors.ts'
import type { ServerView, Snapshot } from '../../contract/views.ts'
import { followSnapshots } from '../../core/followSnapshots.ts'
import { startDemoUpstream } from '../../demo/upstream.ts'
import { follow, type Hosted, host } from '../../owner/host.ts'
import { print, printJson, printNote, printRaw } from '../output.ts'
import { redraw } from '../screen.ts'
import { renderLine } from '../table.ts'
import type { World } from '../world.ts'
import { tableOf } from './list.ts'

const frameMs = 250

/** `startUpstream` is replaced by tests. */
export async function demo(
  outer: World,
  options: { for?: string; json?: boolean },
  startUpstream: typeof startDemoUpstream = startDemoUpstream
): Promise<number> {
  const length = options.for === undefined ? null : parseDuration(options.for)
  const home = mkdtempSync(join(tmpdir(), 'tokentray-demo-'))
  const env = { ...outer.env, TOKENTRAY_HOME: home, TOKENTRAY_VAULT: ':memory:' }
  const world: World = { ...outer, env, paths: locate(env, outer.platform) }
  const upstream = await startUpstream({ clock: world.clock, random: world.random })
  const gaps = new Gaps()
  try {
    const hosted = await host(world, { release() {} }, 'lasting', { ephemeral: true })
    const unwatch = followSnapshots(hosted.core.stream, ({ servers }) => gaps.see(servers, world.clock.now()))
    try {
      for (const { name, url } of upstream.servers) await signInByItself(hosted, upstream.approve, name, url)
      const showUntil = (signal: AbortSignal) => showSnapshots(world, hosted, gaps, signal, options.json === true)
      await (length === null ? showUntil(world.signal) : withTimeout(world.clock, length, showUntil, world.signal))
      gaps.see(hosted.core.snapshot().servers, world.clock.now())
    } finally {
      unwatch()
      await hosted.leave()
    }
  } finally {
    await upstream.stop()
    rmSync(home, { recursive: true, force: true })
  }
  const summary = gaps.summary()
  const steady = summary.steady
  if (options.json) printJson(world, { summary })
  else if (steady) {
    const words = steady.gapMs === 0 ? 'always had a valid token' : `was without a valid token for ${steady.gapMs} ms`
    const refreshes = `${steady.refreshes} ${steady.refreshes === 1 ? 'refresh' : 'refreshes'}`
    printNote(world, `The steady server ${words} (${refreshes}).`)
  }
  return steady && steady.gapMs === 0 ? 0 : 1
}

async function signInByItself(
  hosted: Hosted,
  approve: (url: string) => Promise<void>,
  name: string,
  url: string
): Promise<void> {
  const call = (async (command: string, input: unknown) => {
    const reply = await hosted.core.handle('cli', command, input)
    if (reply.ok) return reply.value
    throw new TokentrayError(reply.code as ErrorCode, reply.message)
  }) as Call
  const { view } = await call('server.add', { url, name })
  const started = await call('signIn.start', { server: view.id })
  const ended = call('signIn.wait', { signIn: started.signIn })
  if (started.url !== null) await approve(started.url)
  await ended
}

async function showSnapshots(
  world: World,
  hosted: Hosted,
  gaps: Gaps,
  signal: AbortSignal,
  json: boolean
): Promise<void> {
  if (world.stdout.isTTY && !json) {
    printRaw(world, '\u001b[2J')
    while (!signal.aborted) {
      const snapshot = hosted.core.snapshot()
      gaps.see(snapshot.servers, world.clock.now())
      printRaw(world, redraw(`${await tableOf(world, snapshot)}\n\nPress Ctrl-C to stop the demo.`, world.stdout))
      await sleep(world.clock, frameMs, signal).catch(() => {}) // Aborted: the loop ends.
    }
    return
  }
  let last: Snapshot | null = null
  for await (const snapshot of follow(hosted.core, signal)) {
    if (json) printJson(world, snapshot)
    else for (const view of snapshot.servers) if (isNews(view, last)) print(world, renderLine(view, snapshot.at))
    last = snapshot
  }
}

function isNews(view: ServerView, last: Snapshot | null): boolean {
  const before = last?.servers.find(({ id }) => id === view.id)
  return (
    before?.words !== view.words ||
    before.expiresAt !== view.expiresAt ||
    before.attempt !== view.attempt ||
    before.lastEvent?.at !== view.lastEvent?.at
  )
}

/** How long each server was without a valid token since it first had one, in ms. */
export class Gaps {
  readonly #servers = new Map<string, { end: number; seen: number; gapMs: number; refreshes: number }>()

  see(servers: readonly ServerView[], now: number): void {
    for (const { id, expiresAt } of servers) {
      const known = this.#servers.get(id)
      if (!known) {
        if (expiresAt !== null) this.#servers.set(id, { end: expiresAt, seen: now, gapMs: 0, refreshes: 0 })
        continue
      }
      known.gapMs += Math.max(0, now - Math.max(known.end, known.seen))
      known.seen = now
      if (expiresAt !== null && expiresAt !== known.end) {
        known.end = expiresAt
        known.refreshes += 1
      }
    }
  }

  summary(): Record<string, { gapMs: number; refreshes: number }> {
    return Object.fromEntries([...this.#servers].map(([id, { gapMs, refreshes }]) => [id, { gapMs, refreshes }]))
  }
}
