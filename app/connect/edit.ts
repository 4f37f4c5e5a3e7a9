// Finds, adds and removes one entry in another program's settings file, whatever its format.
// If the edited text does not parse to exactly what was intended, the edit is refused and the file stays as it is.
import { isDeepStrictEqual } from 'node:util'
import { TokentrayError } from '../contract/errors.ts'
import type { ClientRow, Entry } from './clients.ts'
import type { Editor } from './editor.ts'
import { jsonEditor } from './json.ts'
import { tomlEditor } from './toml.ts'

export function editorOf(row: ClientRow): Editor {
  return row.format === 'toml' ? tomlEditor : jsonEditor(row.format === 'json')
}

type Table = Record<string, unknown>
const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** The file's content as tables. @throws configUnreadable where it cannot be parsed or has another shape */
function readTables(row: ClientRow, text: string, file: string): { root: Table; table: Table | undefined } {
  let root: unknown
  try {
    root = editorOf(row).read(text)
  } catch (error) {
    const where = error instanceof SyntaxError && error.message.startsWith('line ') ? ` (${error.message})` : ''
    throw unreadable(file, `cannot be parsed${where}`, error)
  }
  if (!isTable(root)) throw unreadable(file, 'is not a table of settings')
  let table: unknown = root
  for (const name of row.table) {
    if (!isTable(table)) break
    table = Object.hasOwn(table, name) ? table[name] : undefined
  }
  if (table !== undefined && !isTable(table)) throw unreadable(file, `does not hold a table at ${row.table.join('.')}`)
  return { root, table }
}

function unreadable(file: string, why: string, cause?: unknown): TokentrayError {
  return new TokentrayError('configUnreadable', `${file} ${why}. Nothing was changed. Fix the file, then try again.`, {
    cause
  })
}

/** The entry called `name`, undefined where there is none. @throws configUnreadable */
export function findEntry(row: ClientRow, text: string, name: string, file: string): unknown {
  const { table } = readTables(row, text, file)
  return table && Object.hasOwn(table, name) ? table[name] : undefined
}

/** The text with the entry added, or removed where it is undefined. @throws configUnreadable */
export function changeEntry(
  row: ClientRow,
  text: string,
  name: string,
  entry: Entry | undefined,
  file: string
): string {
  const { root } = readTables(row, text, file)
  const path = [...row.table, name]
  let after: string
  let result: unknown
  try {
    after = editorOf(row).edit(text, path, entry)
    result = editorOf(row).read(after)
  } catch (error) {
    throw unreadable(file, 'is written in a way that cannot be edited safely', error)
  }
  if (!isDeepStrictEqual(comparable(row, result), comparable(row, changed(root, path, entry))))
    throw unreadable(file, 'is written in a way that cannot be edited safely')
  return after
}

/** What the file must parse to after the edit. */
function changed(root: Table, [name, ...rest]: readonly string[], entry: Entry | undefined): Table {
  if (name === undefined) return root
  if (rest.length > 0) {
    const inner = isTable(root[name]) ? root[name] : {}
    return { ...root, [name]: changed(inner, rest, entry) }
  }
  const { [name]: _, ...others } = root
  return entry === undefined ? others : { ...others, [name]: entry }
}

/** An empty table counts as none, since in TOML a table may exist by its entries alone. */
function comparable(row: ClientRow, root: unknown): unknown {
  const [name] = row.table
  const value = plain(root)
  if (!isTable(value) || name === undefined || !isTable(value[name]) || Object.keys(value[name]).length > 0)
    return value
  const { [name]: _, ...others } = value
  return others
}

/** Plain objects with sorted keys: parsers differ in prototypes and order, which do not matter here. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Date) return `date ${value.toISOString()}`
  if (!isTable(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, plain(inner)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
  )
}
