// Adds or removes one entry in JSON and JSONC text; comments, formatting and line ends stay.
// edit.ts parses the result of each edit, to be sure that nothing but the one entry has changed.
import { createScanner, type ParseError, parse, type SyntaxKind } from 'jsonc-parser'
import type { Entry } from './clients.ts'
import type { Editor } from './editor.ts'
import { dropProperty, putProperty } from './jsonText.ts'

// jsonc-parser declares these as a const enum, which erasable TypeScript syntax cannot import.
const tokens = { string: 10, lineComment: 12, blockComment: 13, colon: 6, end: 17 } as const

const bom = '\uFEFF'

function readWith(text: string, isStrict: boolean): unknown {
  const body = text.startsWith(bom) ? text.slice(1) : text
  if (body.trim() === '') return {}
  const errors: ParseError[] = []
  const value = parse(body, errors, { disallowComments: isStrict, allowTrailingComma: !isStrict })
  const [first] = errors
  if (first) throw new SyntaxError(`line ${body.slice(0, first.offset).split('\n').length}`)
  return value
}

function edit(text: string, path: readonly string[], value: Entry | undefined): string {
  const start = text.startsWith(bom) ? bom : ''
  const body = text.slice(start.length)
  if (body.trim() === '') return `${start}${JSON.stringify(nest(path, value), null, 2)}\n`
  return start + (value === undefined ? dropProperty(body, path) : putProperty(body, path, value))
}

function nest(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)
}

/** The text with every string value and comment replaced, so that no secret of another program is shown. */
function mask(text: string, shown: ReadonlySet<string>): string {
  const scanner = createScanner(text, false)
  let out = ''
  let pending: { value: string; raw: string } | null = null
  const flush = (isName: boolean) => {
    if (pending) out += isName || shown.has(pending.value) ? pending.raw : '"…"'
    pending = null
  }
  let blanks = ''
  for (let kind: SyntaxKind = scanner.scan(); kind !== tokens.end; kind = scanner.scan()) {
    const raw = text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength())
    const isTrivia = kind >= tokens.lineComment && kind <= 15
    if (isTrivia) {
      if (kind === tokens.blockComment && !raw.includes('\n')) blanks += '/*…*/'
      else blanks += kind === tokens.lineComment || kind === tokens.blockComment ? raw.replace(/[^\r\n]+/g, '//…') : raw
      continue
    }
    flush(kind === tokens.colon)
    out += blanks
    blanks = ''
    if (kind === tokens.string) pending = { value: scanner.getTokenValue(), raw }
    else out += raw
  }
  flush(false)
  return out + blanks
}

/** `isStrict`: the client itself takes no comments, so a file that holds some is broken already. */
export function jsonEditor(isStrict: boolean): Editor {
  return {
    read: (text) => readWith(text, isStrict),
    edit,
    mask,
    snippet: (path, entry) => JSON.stringify(nest(path, entry), null, 2)
  }
}
