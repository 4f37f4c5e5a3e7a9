// What each file format must be able to do: parse its text, add or remove one entry, mask foreign values for display.
// Types only; json.ts and toml.ts implement them.
import type { Entry } from './clients.ts'

export interface Editor {
  /** The parsed text; throws SyntaxError with the place in words. An empty text is an empty table. */
  read(text: string): unknown
  /** The text with `value` at `path`; undefined removes it. */
  edit(text: string, path: readonly string[], value: Entry | undefined): string
  /** The text with foreign string values and comments replaced; those in `shown` stay. As many lines as before. */
  mask(text: string, shown: ReadonlySet<string>): string
  snippet(path: readonly string[], entry: Entry): string
}
