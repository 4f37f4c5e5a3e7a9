// What grows with the number of servers and what must not: the same work with 10, 100, 1,000 and 10,000 of them, taking turns.
// Memory is measured in a process for each number, since what one leaves behind would count for the next.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../app/base/clock.ts'
import { Secret } from '../../app/base/secret.ts'
import type { Core } from '../../app/core/core.ts'
import type { Vault } from '../../app/vault/vault.ts'
import { fill, inFolder, openCoreIn, vaultOpener } from './bench.fixture.ts'
import { interleave, judge, median, type Part, type Row, rowOf, timed, type Unit } from './stats.ts'

const sizes = [10, 100, 1000, 10_000] as const
type Size = (typeof sizes)[number]
const rounds = 40
/** A list of 10,000 views takes so long that fewer rounds tell as much. */
const listRounds = 15
const startRounds = 5
const batch = 100

/** One value for each size. */
type BySize<T> = Record<Size, T>
type Samples = BySize<number[]>

const inSizes = <T>(of: (size: Size) => T) => Object.fromEntries(sizes.map((size) => [size, of(size)])) as BySize<T>

/** The sizes take turns, round by round. */
const inTurn = (rounds: number, work: (size: Size, round: number) => number | Promise<number>): Promise<Samples> =>
  interleave(
    rounds,
    inSizes((size) => (round: number) => work(size, round))
  )

/** A clock whose waits for the next message to the doors are over when a test says so: what counts is the work behind them. */
function heldClock(): Clock & { flush(): void } {
  const waiting = new Set<() => void>()
  return {
    ...systemClock(),
    after(_length, wake) {
      waiting.add(wake)
      return () => waiting.delete(wake)
    },
    flush() {
      for (const wake of [...waiting]) {
        waiting.delete(wake)
        wake()
      }
    }
  }
}

async function call(core: Core, name: string, input: object): Promise<void> {
  const reply = await core.handle('cli', name, input)
  if (!reply.ok) throw new Error(reply.message)
}

type Opened = { core: Core; clock: ReturnType<typeof heldClock> }

export function measureGrowth(): Promise<Part> {
  return inFolder(async (folder) => {
    const open = vaultOpener()
    const pathOf = (size: Size) => join(folder, `vault-${size}.db`)
    const startOf = async (size: Size) => {
      const clock = heldClock()
      let core: Core | undefined
      const took = await timed(async () => {
        const vault: Vault = await open(pathOf(size))
        core = await openCoreIn(folder, vault, { clock })
      })
      return { took, core: core!, clock }
    }
    for (const size of sizes) {
      const vault = await open(pathOf(size))
      await fill(vault, size, 3_600_000, 'http://127.0.0.1:9/token')
      // The first start of a new vault writes each server's health; the ones that follow do not.
      await (await openCoreIn(folder, vault)).close()
    }
    const start = async (size: Size) => {
      const { took, core } = await startOf(size)
      await core.close()
      return took / size
    }
    const starts = await interleave(
      startRounds,
      inSizes((size) => () => start(size))
    )

    const opened: [Size, Opened][] = []
    for (const size of sizes) {
      const { core, clock } = await startOf(size)
      opened.push([size, { core, clock }])
    }
    const of = Object.fromEntries(opened) as BySize<Opened>
    const each = async (work: () => unknown) =>
      (1000 / batch) *
      (await timed(async () => {
        for (let n = 0; n < batch; n++) await work()
      }))
    const read = (size: Size) => each(() => call(of[size].core, 'readToken', { server: 's-3' }))
    const pauseOrResume = async (size: Size, round: number) => {
      await call(of[size].core, round % 2 === 0 ? 'server.pause' : 'server.resume', { server: 's-3' })
      // The history is read only when all that belongs to it is stored.
      await call(of[size].core, 'server.history', { server: 's-3', limit: 1 })
    }
    const event = async (size: Size, round: number) => 1000 * (await timed(() => pauseOrResume(size, round)))
    const list = (size: Size) => timed(() => of[size].core.snapshot())
    await interleave(
      5,
      inSizes((size) => () => read(size))
    )
    const reads = await interleave(
      rounds,
      inSizes((size) => () => read(size))
    )
    const events = await inTurn(rounds, event)
    const lists = await interleave(
      listRounds,
      inSizes((size) => () => list(size))
    )

    // What a door gets for one change, as the text it sends.
    const texts = inSizes(() => '')
    const stops = sizes.map((size) =>
      of[size].core.stream.subscribe((message) => {
        texts[size] = JSON.stringify(message)
      })
    )
    const change = async (size: Size, round: number) => {
      await pauseOrResume(size, round)
      return 1000 * (await timed(() => of[size].clock.flush()))
    }
    const changes = await interleave(
      rounds,
      inSizes((size) => (round: number) => change(size, round))
    )
    for (const stop of stops) stop()
    for (const size of sizes) await of[size].core.close()

    const heaps = {} as BySize<{ heap: number; rss: number }>
    for (const size of sizes) heaps[size] = await measureMemory(size)
    const table = (what: string, unit: Unit, values: Samples): Row[] =>
      sizes.map((size) => rowOf(`${what}, ${size.toLocaleString('en')} servers`, unit, values[size], values[10]))
    const rows = [
      ...table('token read through the router', 'µs', reads),
      ...table('one event with its durable writes', 'µs', events),
      ...table('one change as a text for a door', 'µs', changes),
      ...table('full list of views', 'ms', lists),
      ...table('start from a vault file, a server', 'ms', starts),
      ...sizes.map((size) => rowOf(`heap, a server, ${size.toLocaleString('en')} servers`, 'kB', [heaps[size].heap])),
      ...sizes.map((size) => rowOf(`RSS of the process, ${size.toLocaleString('en')} servers`, 'MB', [heaps[size].rss]))
    ]
    const ratio = (values: Samples) => median(values[10_000].map((value, round) => value / values[10][round]!))
    return {
      name: 'growth',
      title: 'Growth with the number of servers',
      about: `Four owners in one process, taking turns, ${rounds} rounds (${listRounds} for lists, ${startRounds} for starts); the ratio to 10 servers. Reads in batches of ${batch}.`,
      rows,
      notes: [
        judgeRatio('A token read with 10,000 servers', ratio(reads)),
        judgeRatio('An event with 10,000 servers', ratio(events)),
        judgeRatio('A change at a door with 10,000 servers', ratio(changes)),
        judge('A start, a server, with 10,000', median(starts[10_000]), 'ms', 0.25),
        ...sizes.map((size) => judge(`Heap a server with ${size.toLocaleString('en')}`, heaps[size].heap, 'kB', 2)),
        `The text of one change is ${texts[10].length} characters with 10 servers and ${texts[10_000].length} with 10,000.`,
        'Starts include opening the vault, a fixed part that a few servers share. Heap: after collection, with one listener that holds what it was sent first, above a core that has no server. RSS: of a process that also holds the small cores it measured before.'
      ]
    }
  })
}

function judgeRatio(what: string, ratio: number): string {
  return `${what}: ${ratio.toFixed(2)} × that with 10; the promise (at most 1.5 ×) is ${ratio <= 1.5 ? 'met' : 'missed'}.`
}

/** `heap` in kB a server, `rss` in MB of the whole process. */
function measureMemory(size: Size): Promise<{ heap: number; rss: number }> {
  return inFolder(async (folder) => {
    const passphrase = 'made up for one run of the benchmark'
    for (const [name, count] of [
      ['none.db', 0],
      ['few.db', 10],
      ['full.db', size]
    ] as const) {
      const vault = await vaultOpener()(join(folder, name), { passphrase: new Secret(passphrase) })
      await fill(vault, count, 3_600_000, 'http://127.0.0.1:9/token')
      await (await openCoreIn(folder, vault)).close()
    }
    const child = join(import.meta.dirname, 'growthChild.ts')
    const args = ['--expose-gc', child, folder, passphrase, String(size < 1000 ? 9 : 1)]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`the memory could not be measured: ${stderr}`)
    const { heap, rss } = JSON.parse(stdout)
    return { heap: heap / size / 1000, rss: rss / 1e6 }
  })
}
