// One process of the growth benchmark: cores over the vaults of a folder, each with one listener as a door has it.
// Prints one line of JSON: the heap in bytes above that of no server, after collection, and the process's RSS in bytes.
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { Secret } from '../../app/base/secret.ts'
import { openCoreIn, vaultOpener } from './bench.fixture.ts'
import { median } from './stats.ts'

// With few servers several rounds are needed: what a core takes by itself varies by some kilobytes.
const [folder = '', passphrase = '', rounds] = process.argv.slice(2)
const collect = (globalThis as { gc?: () => void }).gc!
const open = vaultOpener()

async function heapUsed(): Promise<number> {
  for (let n = 0; n < 8; n++) {
    await turn()
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** The heap that one more core over this vault takes, in bytes: what was opened stays open. */
async function measureCore(name: string): Promise<number> {
  const before = await heapUsed()
  const vault = await open(join(folder, name), { passphrase: new Secret(passphrase) })
  const core = await openCoreIn(folder, vault)
  core.stream.subscribe(() => {})
  return (await heapUsed()) - before
}

// What is loaded and compiled for the first servers is no server's: the same work is done before it is measured.
for (let n = 0; n < 3; n++) for (const name of ['few.db', 'none.db']) await measureCore(name)
const heaps: number[] = []
for (let n = 0; n < Number(rounds); n++) {
  const empty = await measureCore('none.db')
  heaps.push((await measureCore('full.db')) - empty)
}
console.log(JSON.stringify({ heap: median(heaps), rss: process.memoryUsage().rss }))
process.exit(0)
