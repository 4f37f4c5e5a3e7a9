// One process of the growth benchmark: cores over the vaults of a folder, each with one listener as a door has it.
// Prints one line of JSON: the heap in bytes above that of no server, after collection, and the process's RSS in bytes.
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { Secret } from '../../app/base/secret.ts'
import { openCoreIn, vaultOpener } from './bench.fixture.ts'

const [folder = '', passphrase = ''] = process.argv.slice(2)
const collect = (globalThis as { gc?: () => void }).gc!
const open = vaultOpener()

async function heapUsed(): Promise<number> {
  for (let n = 0; n < 8; n++) {
    await turn()
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** What is held stays held: each core is one more. */
async function openOneMore(name: string): Promise<void> {
  const vault = await open(join(folder, name), { passphrase: new Secret(passphrase) })
  const core = await openCoreIn(folder, vault)
  core.subscribe(() => {})
}

// What is loaded and compiled for the first servers is no server's: the same work is done before it is measured.
for (const name of ['few.db', 'few.db', 'none.db']) await openOneMore(name)
const before = await heapUsed()
await openOneMore('none.db')
const empty = await heapUsed()
await openOneMore('full.db')
const full = await heapUsed()
// The first difference is what a core takes by itself.
console.log(JSON.stringify({ heap: full - empty - (empty - before), rss: process.memoryUsage().rss }))
process.exit(0)
