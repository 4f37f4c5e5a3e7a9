// Results as text for a terminal and as docs/benchmarks.md, with the facts of the machine they were measured on.
// No host name and no path gets in: the page is published.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import type { Part, Row } from './stats.ts'

export type Machine = { cpus: string; memory: string; node: string; os: string; date: string }

export function describeMachine(): Machine {
  return {
    cpus: `${availableParallelism()} × ${cpus()[0]?.model.trim() || 'unknown'} (${process.arch})`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GB`,
    node: process.version,
    os: distribution() ?? `${type()} ${release()}`,
    date: new Date().toISOString().slice(0, 10)
  }
}

function distribution(): string | null {
  try {
    const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    return name ? `${name}, ${type()} ${release()}` : null
  } catch {
    return null
  }
}

/** Three digits that count. */
function say(value: number): string {
  const digits = value === 0 ? 0 : Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))))
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function cells({ what, unit, rounds, median, low, high, ratio }: Row): string[] {
  const spread = rounds === 1 ? '' : `${say(low)} – ${say(high)}`
  return [what, `${say(median)} ${unit}`, spread, ratio === null ? '' : `${say(ratio)} ×`]
}

function spreadName({ rows }: Part): string {
  const rounds = rows[0]?.rounds ?? 0
  return rounds === 1 ? '' : rounds < 10 ? `min – max of ${rounds}` : `p10 – p90 of ${rounds}`
}

const header = (part: Part) => ['', rowsWord(part), spreadName(part), 'ratio']
const rowsWord = ({ rows }: Part) => (rows[0]?.rounds === 1 ? 'measured' : 'median')

/** One part for a terminal. */
export function printPart(part: Part): string {
  const table = [header(part), ...part.rows.map(cells)]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((line) => line[column]!.length)))
  const lines = table.map((line) =>
    `  ${line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('   ')}`.trimEnd()
  )
  const plain = (text: string) => text.replaceAll('`', '')
  return [
    plain(`${part.title} (${part.name})`),
    plain(`  ${part.about}`),
    ...lines,
    ...part.notes.map((note) => `  ${note}`)
  ].join('\n')
}

/** The whole page. */
export function printPage(machine: Machine, parts: readonly Part[]): string {
  const section = (part: Part) =>
    [
      `## ${part.title}`,
      '',
      part.about,
      '',
      `| ${header(part).join(' | ')} |`,
      '|---|--:|--:|--:|',
      ...part.rows.map((row) => `| ${cells(row).join(' | ')} |`),
      ...part.notes.flatMap((note) => ['', note])
    ].join('\n')
  return `# Benchmarks

Made by \`npm run bench -- --write\`: do not edit. To repeat: \`npm run bench\` (about three minutes; \`--only NAME\` for one
part, \`--json\` for scripts).

What is compared runs side by side in one run, taking turns; ratios are medians of the rounds' own ratios. Numbers from
different runs or machines are not comparable, ratios mostly are.

| | |
|---|---|
| Date | ${machine.date} |
| Processor | ${machine.cpus} |
| Memory | ${machine.memory} |
| System | ${machine.os} |
| Node | ${machine.node} |

${parts.map(section).join('\n\n')}
`
}
