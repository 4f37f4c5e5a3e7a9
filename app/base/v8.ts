// What V8 may spend in a process that stays for days and holds many idle streams. The flags are V8's own: they are set
// only where they were tried, and said while it runs, since an owner is started as a plain command.
import { setFlagsFromString } from 'node:v8'

/** Node 24's. */
const tried = '13.6.'

const flags = [
  // Each open stream outlives youth, for which V8 gives the young more room, up to 128 MB: no more from here.
  '--semi-space-growth-factor=1',
  // What is left of WebAssembly is undici's parser: optimised it is no faster here, and 10 MB are never given back.
  '--no-wasm-dynamic-tiering',
  '--no-wasm-tier-up'
]

/** From now on, for the whole process. */
export function spareMemory(): void {
  if (process.versions.v8.startsWith(tried)) for (const flag of flags) setFlagsFromString(flag)
}
