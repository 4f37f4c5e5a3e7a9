// V8 flags that keep the memory of an owner small, a process that runs for days and holds many idle streams.
// Set at run time, since an owner is started as a plain command, and only on the V8 versions they were tested with.
import { setFlagsFromString } from 'node:v8'

/** Node 24's. */
const testedVersion = '13.6.'

const flags = [
  // Streams that stay open make V8 enlarge the space for young objects, up to 128 MB: it keeps its first size.
  '--semi-space-growth-factor=1',
  // What is left of WebAssembly is undici's parser: optimised it is no faster here, and 10 MB are never given back.
  '--no-wasm-dynamic-tiering',
  '--no-wasm-tier-up'
]

/** Sets the flags, from now on and for the whole process. */
export function spareMemory(): void {
  if (process.versions.v8.startsWith(testedVersion)) for (const flag of flags) setFlagsFromString(flag)
}
