// `npm run bench`: measures what is promised about speed; no number here fails a run. `--only NAME[,NAME]` picks parts,
// `--json` prints one JSON text, `--write` makes docs/benchmarks.md of a whole run, `--bundled` takes dist/ as it is.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './bench.fixture.ts'
import { measureClient } from './client.ts'
import { measureFailure } from './failure.ts'
import { measureFlood } from './flood.ts'
import { measureGateway } from './gateway.ts'
import { measureGrowth } from './growth.ts'
import { measureIdle } from './idle.ts'
import { measureOverdue } from './overdue.ts'
import { measurePaint, measureWakes } from './pages.ts'
import { measureRead } from './read.ts'
import { describeMachine, printPage, printPart } from './report.ts'
import { measureSave } from './save.ts'
import { measureSize } from './size.ts'
import type { Part } from './stats.ts'
import { measureStdio } from './stdio.ts'
import { measureHeld, measurePassing, measureStreams } from './streams.ts'

const measures: Record<string, () => Promise<Part>> = {
  save: measureSave,
  read: measureRead,
  growth: measureGrowth,
  overdue: measureOverdue,
  client: measureClient,
  idle: measureIdle,
  gateway: measureGateway,
  flood: measureFlood,
  passing: measurePassing,
  streams: measureStreams,
  held: measureHeld,
  stdio: measureStdio,
  failure: measureFailure,
  paint: measurePaint,
  wakes: measureWakes,
  size: measureSize
}
const bundled = ['client', 'idle', 'held', 'stdio', 'failure', 'paint', 'wakes', 'size']

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string' },
        json: { type: 'boolean' },
        write: { type: 'boolean' },
        bundled: { type: 'boolean' }
      }
    }).values
  } catch (error) {
    return fail((error as Error).message)
  }
}

const { only, json, write, bundled: isBundled } = readArguments()
const names = only?.split(',') ?? Object.keys(measures)
const unknown = names.find((name) => !Object.hasOwn(measures, name))
if (unknown !== undefined) fail(`There is no part "${unknown}"; the parts are ${Object.keys(measures).join(', ')}.`)
if (write && only) fail('--write makes the page of a whole run; leave out --only.')

function makeBundle(): void {
  const { status } = spawnSync(process.execPath, [join(root, 'build/bundle.ts')], {
    stdio: ['ignore', 'ignore', 'inherit']
  })
  if (status !== 0) process.exit(1)
}

/** Each part runs in a process of its own: the memory one leaves behind makes the next one's children start slower. */
function measureApart(name: string): Part {
  const args = [import.meta.filename, '--only', name, '--json', '--bundled']
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit']
  })
  if (status !== 0) process.exit(1)
  return JSON.parse(stdout).parts[0]
}

if (!isBundled && names.some((name) => bundled.includes(name))) makeBundle()
const measure = (name: string) => (names.length > 1 ? measureApart(name) : measures[name]!())

const machine = describeMachine()
if (!json) console.log(`${machine.os}, ${machine.cpus}, Node ${machine.node}`)
const parts: Part[] = []
for (const name of names) {
  const part = await measure(name)
  parts.push(part)
  if (!json) console.log(`\n${printPart(part)}`)
}
if (json) console.log(JSON.stringify({ machine, parts }, null, 2))
if (write) {
  mkdirSync(join(root, 'docs'), { recursive: true })
  writeFileSync(join(root, 'docs/benchmarks.md'), printPage(machine, parts))
}
