// Any settings file, generated: an entry put in and taken out leaves the same values, and every other byte where it was.
import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { findClient } from '../../app/connect/clients.ts'
import { unifiedDiff } from '../../app/connect/diff.ts'
import { changeEntry, editorOf, findEntry } from '../../app/connect/edit.ts'

const entry = { type: 'http', url: 'http://127.0.0.1:4140/github', headers: { Authorization: 'Bearer ttk_planted' } }
const name = fc.stringMatching(/^[a-zA-Z][\w .-]{0,8}$/)
const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean())
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    fc.dictionary(name, tie('any'), { maxKeys: 3 })
  )
})).any
const settings = (table: string) =>
  fc
    .tuple(
      fc.dictionary(name, value, { maxKeys: 4 }),
      fc.option(fc.dictionary(name, fc.dictionary(name, leaf, { maxKeys: 3 }), { maxKeys: 3 }), { nil: undefined })
    )
    .map(([root, servers]) => {
      const { github: _, ...others } = servers ?? {}
      return servers ? { ...root, [table]: others } : root
    })
    .filter((root) => Object.hasOwn(root, table) === false || typeof root[table] === 'object')

/** The text without blank space between things; what is within strings stays. */
const tight = (text: string) => text.replace(/"(?:[^"\\]|\\.)*"|[\s,]+/g, (part) => (part.startsWith('"') ? part : ''))

describe.each(['claude-code', 'vscode', 'zed'])('%s', (client) => {
  const row = findClient(client)!
  const [table] = row.table
  test('in and out', () => {
    const layouts = fc.constantFrom(undefined, 2, 4, '\t')
    fc.assert(
      fc.property(settings(table!), layouts, fc.boolean(), (root, indent, isDos) => {
        const plain = JSON.stringify(root, null, indent)
        const noted = row.format === 'jsonc' ? plain.replaceAll(',\n', ', /* , */ // "c",\n') : plain
        const before = isDos ? noted.replaceAll('\n', '\r\n') : noted
        const during = changeEntry(row, before, 'github', entry, 'f')
        expect(findEntry(row, during, 'github', 'f')).toEqual(entry)
        const after = changeEntry(row, during, 'github', undefined, 'f')
        const hadTable = Object.hasOwn(root, table!)
        expect(editorOf(row).read(after)).toEqual(hadTable ? root : { ...root, [table!]: {} })
        if (hadTable && Object.keys(root[table!] as object).length > 0) expect(after).toBe(before)
        else expect(tight(after).replace(`"${table}":{}`, '')).toBe(tight(before).replace(`"${table}":{}`, ''))
      }),
      { numRuns: 150 }
    )
  })
  test('the mask keeps lines, names and shape, and hides every string that is not shown', () => {
    fc.assert(
      fc.property(settings(table!), (root) => {
        const text = JSON.stringify(root, null, 2)
        const masked = editorOf(row).mask(text, new Set())
        expect(masked.split('\n').length).toBe(text.split('\n').length)
        const hide = (each: unknown): unknown =>
          typeof each === 'string'
            ? '…'
            : Array.isArray(each)
              ? each.map(hide)
              : typeof each === 'object' && each !== null
                ? Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, hide(inner)]))
                : each
        expect(JSON.parse(masked)).toEqual(hide(root))
      }),
      { numRuns: 100 }
    )
  })
})

test('codex: in and out, byte for byte', () => {
  const row = findClient('codex')!
  fc.assert(
    fc.property(settings('mcp_servers'), fc.boolean(), (root, isDos) => {
      const plain = `# first\n${stringify(root)}\n`.replace(/\n+$/, '\n')
      const before = isDos ? plain.replaceAll('\n', '\r\n') : plain
      const during = changeEntry(row, before, 'github', entry, 'f')
      expect(findEntry(row, during, 'github', 'f')).toEqual(entry)
      expect(changeEntry(row, during, 'github', undefined, 'f')).toBe(before)
      const masked = editorOf(row).mask(before, new Set())
      expect(masked.split('\n').length).toBe(before.split('\n').length)
      expect(masked).not.toContain('first')
    }),
    { numRuns: 150 }
  )
})

test('the mask of TOML hides comments, values in any quotes and long strings', () => {
  const text = `a = "secret1" # secret2\n"quoted name" = 'secret3'\nb = """\nsecret4\nline"""\nc = [ "secret5", { d = "secret6" } ]\n["t.x".y]\ne = 1\n`
  const masked = editorOf(findClient('codex')!).mask(text, new Set(['secret5']))
  expect(masked).toBe(
    `a = "…" #…\n"quoted name" = "…"\nb = …\n…\n…\nc = [ "secret5", { d = "…" } ]\n["t.x".y]\ne = 1\n`
  )
})

test('a diff applies: taking its minus lines for its plus lines turns one text into the other', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', '{', '}'), { maxLength: 30 })
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = unifiedDiff(
        before.map((line) => `${line}\n`).join(''),
        after.map((line) => `${line}\n`).join(''),
        'f'
      )
      const result: string[] = []
      let at = 0
      for (const line of diff.split('\n').slice(2)) {
        const hunk = /^@@ -(\d+),(\d+) /.exec(line)
        if (hunk) {
          const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)
          result.push(...before.slice(at, start))
          at = start
        } else if (line.startsWith('+')) result.push(line.slice(1))
        else {
          expect(before[at]).toBe(line.slice(1))
          if (line.startsWith(' ')) result.push(line.slice(1))
          at += 1
        }
      }
      expect([...result, ...before.slice(at)]).toEqual(after)
    })
  )
})
