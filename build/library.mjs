// What `import … from 'tokentray'` loads: in a checkout the sources, so that an old bundle never hides an edit; else the bundle.
// Sources need a Node that runs TypeScript (24); the bundle runs on 22.
import { existsSync } from 'node:fs'

const source = new URL('../app/cli/library.ts', import.meta.url)
if (existsSync(source) && !process.features.typescript)
  throw new Error(`tokentray: getToken from a checkout needs Node 24 (this is ${process.version}).`)
const entry = existsSync(source) ? source : new URL('../dist/library.js', import.meta.url)
export const { getToken, TokentrayError } = await import(entry.href)
