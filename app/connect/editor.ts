// What every file format of a client must be able to do: read its text, put one entry in or take it out, hide what is secret.
// Types only; json.ts and toml.ts implement it.
import type { Entry } from './clients.ts'

export interface Editor {
  /** The parsed text; throws SyntaxError with the place in words. An empty text is an empty table. */
  read(text: string): unknown
  /** The text with `value` at `path`; undefined takes it out. */
  edit(text: string, path: readonly string[], value: Entry | undefined): string
  /** The text with foreign string values and comments replaced; those in `shown` stay. As many lines as before. */
  mask(text: string, shown: ReadonlySet<string>): string
  snippet(path: readonly string[], entry: Entry): string
}
