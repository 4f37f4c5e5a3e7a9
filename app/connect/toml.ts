// Adds or removes one table in TOML text; everything else stays byte for byte.
// The parser only checks: tables are found by reading strings, comments and brackets as TOML does.
import { parse, TomlError } from 'smol-toml'
import type { Entry } from './clients.ts'
import type { Editor } from './editor.ts'

type Piece = { kind: 'string' | 'comment'; start: number; end: number; isHeader: boolean }
/**
 * A table as written: from its header's line to the next header, `filled` being the end of its last line with content.
 */
type Section = { path: string[]; start: number; filled: number }

const read = (text: string): unknown => {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' })
  } catch (error) {
    throw error instanceof TomlError ? new SyntaxError(`line ${error.line}`) : error
  }
}

/** Where the string that begins at `at` ends. An unclosed one ends the text; the parser has refused it by then. */
function endOfString(text: string, at: number): number {
  const quote = text[at]!
  const isLong = text.startsWith(quote.repeat(3), at)
  const closing = isLong ? quote.repeat(3) : quote
  for (let next = at + closing.length; next < text.length; next++) {
    if (text[next] === '\\' && quote === '"') next++
    else if (text.startsWith(closing, next)) {
      let end = next + closing.length
      // Up to two quotes may stand right before the closing three.
      while (isLong && text[end] === quote && end < next + 5) end++
      return end
    }
  }
  return text.length
}

function scan(text: string): { pieces: Piece[]; sections: Section[] } {
  const pieces: Piece[] = []
  const sections: Section[] = []
  let depth = 0
  let isFresh = true
  let isHeader = false
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (letter === '\n') {
      isFresh = true
      isHeader = false
    } else if (letter === '#' || letter === '"' || letter === "'") {
      const lineEnd = text.indexOf('\n', at)
      const end = letter === '#' ? (lineEnd < 0 ? text.length : lineEnd) : endOfString(text, at)
      pieces.push({ kind: letter === '#' ? 'comment' : 'string', start: at, end, isHeader })
      at = end - 1
      if (letter !== '#') isFresh = false
    } else if (!/\s/.test(letter)) {
      if (isFresh && depth === 0 && letter === '[') {
        isHeader = true
        sections.push({ path: [], start: text.lastIndexOf('\n', at) + 1, filled: 0 })
      }
      if (letter === '[' || letter === '{') depth++
      if (letter === ']' || letter === '}') depth--
      isFresh = false
    } else continue
    const section = sections.at(-1)
    if (section && letter !== '\n' && letter !== '#') section.filled = lineAfter(text, at)
  }
  for (const section of sections) section.path = headerPath(text.slice(section.start, lineAfter(text, section.start)))
  return { pieces, sections }
}

function lineAfter(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}

/** The names within a header's line, read by the parser itself. */
function headerPath(line: string): string[] {
  const path: string[] = []
  let inner: unknown = parse(line)
  for (;;) {
    if (Array.isArray(inner)) inner = inner[0]
    const [name] = Object.keys(inner as object)
    if (name === undefined) return path
    path.push(name)
    inner = (inner as Record<string, unknown>)[name]
  }
}

function edit(text: string, path: readonly string[], value: Entry | undefined): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const block = value === undefined ? '' : write(path, value).replaceAll('\n', eol)
  const spans = scan(text).sections.filter((section) => path.every((name, at) => section.path[at] === name))
  if (spans.length === 0) {
    if (block === '') return text
    const gap = text === '' || text.endsWith('\n\n') || text.endsWith('\r\n\r\n') ? '' : eol
    return text + (text === '' || text.endsWith('\n') ? '' : eol) + gap + block
  }
  let after = text
  for (const { start, filled } of spans.toReversed()) {
    const isFirst = start === spans[0]!.start
    const put = isFirst ? block : ''
    // The blank line that was put before it goes with it.
    const from =
      put === '' && /(^|\n)\r?\n$/.test(after.slice(0, start))
        ? after.slice(0, start).replace(/\r?\n$/, '').length
        : start
    after = after.slice(0, from) + put + after.slice(filled)
  }
  return after
}

const nameOf = (name: string) => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name))

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, inner]) => `${nameOf(name)} = ${inline(inner)}`)
      .join(', ')} }`
  return JSON.stringify(value)
}

function write(path: readonly string[], entry: Entry): string {
  const lines = Object.entries(entry).map(([name, value]) => `${nameOf(name)} = ${inline(value)}`)
  return `[${path.map(nameOf).join('.')}]\n${lines.join('\n')}\n`
}

function mask(text: string, shown: ReadonlySet<string>): string {
  let out = ''
  let last = 0
  for (const { kind, start, end, isHeader } of scan(text).pieces) {
    const raw = text.slice(start, end)
    const isName = isHeader || /^[ \t]*[=.]/.test(text.slice(end))
    const isShown = kind === 'string' && (isName || shown.has(raw.slice(1, -1)))
    out += text.slice(last, start) + (isShown ? raw : hide(kind, raw))
    last = end
  }
  return out + text.slice(last)
}

const hide = (kind: Piece['kind'], raw: string) =>
  kind === 'comment' ? '#…' : raw.includes('\n') ? raw.replace(/[^\r\n]+/g, '…') : '"…"'

export const tomlEditor: Editor = { read, edit, mask, snippet: (path, entry) => write(path, entry).trimEnd() }
