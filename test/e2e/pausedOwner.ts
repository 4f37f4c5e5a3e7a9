// An owner in a process of its own, for a test that stops it: its time limits are a tenth of the real ones.
// Everything else is as ever. The vault is in memory and ends with the process.
import { dirname } from 'node:path'
import { systemClock } from '../../app/base/clock.ts'
import { locate } from '../../app/base/paths.ts'
import { openCore } from '../../app/core/core.ts'
import { host } from '../../app/owner/host.ts'
import { claimOwnership } from '../../app/owner/lock.ts'

const machine = systemClock()
const clock = { ...machine, after: (lengthMs: number, wake: () => void) => machine.after(lengthMs / 10, wake) }
const paths = locate(process.env, process.platform)
const hosting = {
  env: process.env,
  paths,
  version: '0.0.0',
  clock,
  random: () => 0.5,
  signal: new AbortController().signal,
  claim: async (folder: string) => claimOwnership(folder),
  hostCore: openCore,
  notice: () => {},
  ask: null
}
await host(hosting, claimOwnership(dirname(paths.vault))!, 'lasting', { ephemeral: true })
console.log('ready')
