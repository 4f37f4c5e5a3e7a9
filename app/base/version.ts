// The version of this build: put in by the bundler.
// Where the sources run as they are it is read from package.json.
import { readFileSync } from 'node:fs'

declare const TOKENTRAY_VERSION: string | undefined

export function readVersion(): string {
  if (typeof TOKENTRAY_VERSION === 'string') return TOKENTRAY_VERSION
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
