// The version of Tokentray, put in by the bundler.
// Where the sources run without a bundle, it is read from package.json.
import { readFileSync } from 'node:fs'

declare const TOKENTRAY_VERSION: string | undefined

export function readVersion(): string {
  if (typeof TOKENTRAY_VERSION === 'string') return TOKENTRAY_VERSION
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
