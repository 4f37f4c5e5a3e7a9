// A unified diff of two short texts, for a person to read before a file is written.
// Secrets are masked before the texts come here.

type Line = { sign: ' ' | '-' | '+'; text: string }

/** Lines around a change. */
const context = 3

const linesOf = (text: string): string[] => {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** `--- file`, `+++ file` and hunks; empty where the texts have the same lines. */
export function unifiedDiff(before: string, after: string, file: string): string {
  const hunks = hunksOf(compare(linesOf(before), linesOf(after)))
  return hunks.length === 0 ? '' : [`--- ${file}`, `+++ ${file}`, ...hunks].join('\n')
}

/**
 * A change of ours is one or two stretches of lines, so the common beginning and end are skipped, and only the lines
 * between them are compared in full.
 */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  const maxTail = Math.min(before.length, after.length) - head
  while (tail < maxTail && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  const same = (text: string): Line => ({ sign: ' ', text })
  return [
    ...before.slice(0, head).map(same),
    ...compareFully(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same)
  ]
}

/** By the longest common subsequence, which takes quadratic time: very long texts are shown as replaced whole. */
function compareFully(before: readonly string[], after: readonly string[]): Line[] {
  const removed = before.map((text): Line => ({ sign: '-', text }))
  const added = after.map((text): Line => ({ sign: '+', text }))
  if (before.length * after.length > 1_000_000) return [...removed, ...added]
  const table = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1))
  for (let row = before.length - 1; row >= 0; row--)
    for (let column = after.length - 1; column >= 0; column--)
      table[row]![column] =
        before[row] === after[column]
          ? table[row + 1]![column + 1]! + 1
          : Math.max(table[row + 1]![column]!, table[row]![column + 1]!)
  const lines: Line[] = []
  let row = 0
  let column = 0
  while (row < before.length && column < after.length) {
    if (before[row] === after[column]) {
      lines.push({ sign: ' ', text: before[row]! })
      row++
      column++
    } else if (table[row + 1]![column]! >= table[row]![column + 1]!) lines.push(removed[row++]!)
    else lines.push(added[column++]!)
  }
  return [...lines, ...removed.slice(row), ...added.slice(column)]
}

function hunksOf(lines: readonly Line[]): string[] {
  const shown: string[] = []
  let old = 0
  let now = 0
  let at = 0
  while (at < lines.length) {
    const change = lines.findIndex(({ sign }, index) => index >= at && sign !== ' ')
    if (change < 0) break
    const start = Math.max(at, change - context)
    let end = change
    for (let next = change; next < lines.length && next <= end + 2 * context; next++)
      if (lines[next]!.sign !== ' ') end = next
    end = Math.min(lines.length, end + 1 + context)
    old += start - at
    now += start - at
    const hunk = lines.slice(start, end)
    const oldCount = hunk.filter(({ sign }) => sign !== '+').length
    const nowCount = hunk.filter(({ sign }) => sign !== '-').length
    const range = (from: number, count: number) => `${count === 0 ? from : from + 1},${count}`
    shown.push(`@@ -${range(old, oldCount)} +${range(now, nowCount)} @@`, ...hunk.map(({ sign, text }) => sign + text))
    old += oldCount
    now += nowCount
    at = end
  }
  return shown
}
