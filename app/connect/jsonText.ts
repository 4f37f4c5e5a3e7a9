// Edits JSON text at one property; everything around it stays byte for byte.
// The parser's own edits are not used, because they reformat the neighbouring lines.
import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser'

/** The text with `value` at `path`; `text` parses and holds something. */
export function putProperty(text: string, path: readonly string[], value: unknown): string {
  const root = parseTree(text, [], { allowTrailingComma: true })
  if (!root) return text
  const node = findNodeAtLocation(root, [...path])
  if (node) {
    const written = layOut(
      value,
      isSpread(text, node.parent?.parent ?? root),
      indentAt(text, node.parent ?? node),
      text
    )
    return splice(text, node.offset, node.length, written)
  }
  let depth = path.length - 1
  while (depth > 0 && !findNodeAtLocation(root, path.slice(0, depth))) depth--
  const holder = depth === 0 ? root : findNodeAtLocation(root, path.slice(0, depth))
  const inner = path.slice(depth + 1).reduceRight<unknown>((nested, name) => ({ [name]: nested }), value)
  return holder ? addTo(text, holder, path[depth]!, inner, depth) : text
}

function addTo(text: string, holder: Node, name: string, value: unknown, depth: number): string {
  const last = holder.children?.at(-1)
  const { eol, unit } = habits(text)
  if (!last) {
    const base = unit.repeat(depth)
    const inside = text.slice(holder.offset + 1, holder.offset + holder.length - 1).trimEnd()
    const entry = `${JSON.stringify(name)}: ${layOut(value, true, base + unit, text)}`
    const written = `{${inside}${eol}${base}${unit}${entry}${eol}${base}}`
    return splice(text, holder.offset, holder.length, written)
  }
  const end = last.offset + last.length
  const comma = commaAfter(text, end)
  const isLong = isSpread(text, holder)
  const indent = isLong ? indentAt(text, last) : ''
  const space = !isLong && !/":\S/.test(text.slice(holder.offset, end)) ? ' ' : ''
  const colon = isLong || space ? ': ' : ':'
  const entry = `${JSON.stringify(name)}${colon}${layOut(value, isLong, indent, text)}`
  const at = lineTail(text, comma ?? end)
  const put = `${isLong ? eol + indent : space}${entry}${comma === null ? '' : ','}`
  const added = splice(text, at, 0, put)
  return comma === null ? splice(added, end, 0, ',') : added
}

/** The text without the property at `path`. */
export function dropProperty(text: string, path: readonly string[]): string {
  const root = parseTree(text, [], { allowTrailingComma: true })
  const property = root && findNodeAtLocation(root, [...path])?.parent
  const holder = property?.parent
  if (!property || !holder?.children) return text
  const at = holder.children.indexOf(property)
  const end = property.offset + property.length
  const comma = commaAfter(text, end)
  const before = text.slice(0, property.offset)
  // The property's whole line goes; a comment on the line above stays, since a person wrote it.
  const start = before.replace(/(\r?\n)?[ \t]*$/, '').length
  const previous = holder.children[at - 1]
  const hole = splice(text, start, (comma ?? end) - start, '')
  if (comma === null && previous) {
    const loose = commaAfter(text, previous.offset + previous.length)
    return loose === null ? hole : splice(hole, loose - 1, 1, '')
  }
  if (holder.children.length > 1) return hole
  const inside = hole.slice(holder.offset + 1, holder.offset + holder.length - (text.length - hole.length) - 1)
  return inside.trim() === '' ? splice(hole, holder.offset + 1, inside.length, '') : hole
}

const splice = (text: string, at: number, length: number, put: string) =>
  text.slice(0, at) + put + text.slice(at + length)

/** How the file is written: its own indentation and line ends, else two spaces. */
function habits(text: string): { eol: string; unit: string } {
  return { eol: text.includes('\r\n') ? '\r\n' : '\n', unit: /^([ \t]+)["}/\]]/m.exec(text)?.[1] ?? '  ' }
}

function layOut(value: unknown, isLong: boolean, indent: string, text: string): string {
  if (!isLong) return JSON.stringify(value)
  const { eol, unit } = habits(text)
  return JSON.stringify(value, null, unit).replaceAll('\n', eol + indent)
}

const isSpread = (text: string, node: Node) => text.slice(node.offset, node.offset + node.length).includes('\n')

/** The blanks that the node's line begins with. */
function indentAt(text: string, node: Node): string {
  const line = text.slice(text.lastIndexOf('\n', node.offset - 1) + 1, node.offset)
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}

/** The position after the comma that follows `at`, blanks and comments skipped; null if no comma follows. */
function commaAfter(text: string, at: number): number | null {
  const skipped = /^(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/.exec(text.slice(at))?.[0].length ?? 0
  return text[at + skipped] === ',' ? at + skipped + 1 : null
}

/** The end of a comment on the rest of the line, which belongs to what stands before it; without one, `at`. */
function lineTail(text: string, at: number): number {
  const tail = /^[ \t]*(?:\/\*[^\n]*?\*\/[ \t]*)*(?:\/\/[^\r\n]*)?(?=\r?\n)/.exec(text.slice(at))
  return at + (tail?.[0].trimEnd().length ?? 0)
}
