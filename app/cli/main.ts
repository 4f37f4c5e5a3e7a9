// The `tokentray` command: connects the command line to the real terminal, clock and signals, and sets the exit code.
// Ctrl-C lets work in flight finish; pressed again later, it stops at once. A closed pipe ends the command silently.
import { systemClock, systemRandom } from '../base/clock.ts'
import { locate } from '../base/paths.ts'
import { readVersion } from '../base/version.ts'
import { isInteractive, printNote } from './output.ts'
import { run } from './run.ts'
import { Interrupted, type World } from './world.ts'

const { env, platform, stdout, stderr } = process
const stopping = new AbortController()

const clock = systemClock()
/** One Ctrl-C arrives twice where npm or a shell passes it on as well: only a later one is a person's second. */
const repeatedSignalMs = 1000
let stoppedAt = Number.POSITIVE_INFINITY

function stop(exitCode: number): void {
  if (clock.now() - stoppedAt > repeatedSignalMs) process.exit(exitCode)
  if (stopping.signal.aborted) return
  stoppedAt = clock.now()
  stopping.abort(new Interrupted(exitCode))
}

process.on('SIGINT', () => stop(130))
process.on('SIGTERM', () => stop(143))
process.on('SIGHUP', () => stop(129))
let isOutputLost = false
for (const stream of [stdout, stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (stream === stdout && error.code !== 'EPIPE') isOutputLost = true
    // Never thrown: with the terminal closed (EIO) or the disk full, an owner still has to finish what is in flight.
    if (!stopping.signal.aborted) stopping.abort(new Interrupted(error.code === 'EPIPE' ? 0 : 1))
  })
// Nothing may end in a stack trace: what no command caught ends as any other unexpected error.
process.on('uncaughtException', (error) => {
  const where = env.TOKENTRAY_DEBUG ? error.stack : 'Set TOKENTRAY_DEBUG=1 for details.'
  stderr.write(`tokentray: Something went wrong. ${where}\n`, () => process.exit(1))
})

const world: World = {
  env,
  platform,
  paths: locate(env, platform),
  version: readVersion(),
  get stdin() {
    return process.stdin // A getter, so that a command that reads nothing never opens it.
  },
  stdout,
  stderr,
  clock,
  random: systemRandom,
  signal: stopping.signal,
  // Loaded when they are needed: a client of a running owner needs neither.
  claim: async (folder) => (await import('../owner/lock.ts')).claimOwnership(folder),
  hostCore: async (options) => (await import('../core/core.ts')).openCore(options),
  notice: (sentence) => printNote(world, `tokentray: ${sentence}`),
  get ask(): World['ask'] {
    if (!isInteractive(world)) return null
    return async (talk) => (await import('./prompt.ts')).talkHidden(world, talk)
  },
  async lookUp(name) {
    const { lookup } = await import('node:dns/promises')
    return (await lookup(name, { all: true })).map(({ address }) => address)
  },
  openBrowser: async (url) => (await import('./browser.ts')).openBrowser(url, env, platform),
  openPage: async (file) => (await import('./browser.ts')).openPage(file, env, platform)
}
const exitCode = await run(process.argv.slice(2), world)
// What was written must be out before the process ends: pipes are written in the background.
const flushed = (stream: NodeJS.WriteStream) =>
  new Promise((resolve) => (stream.destroyed ? resolve(null) : stream.write('', resolve)))
await Promise.all([flushed(stdout), flushed(stderr)])
process.exit(exitCode || Number(isOutputLost))
