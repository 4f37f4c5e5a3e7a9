// Samples of measured values and what is told of them: median, spread, and the ratio to what ran beside them.
// Ratios are taken round by round, so that a machine that is slow for a while is slow for both sides.

export type Unit = 'ms' | 'µs' | '% of one core' | 'MB' | 'kB' | 'per second'

/** One line of a result. `ratio`: the median over the rounds of this value by the reference's; null: not compared. */
export type Row = {
  what: string
  unit: Unit
  rounds: number
  median: number
  low: number
  high: number
  ratio: number | null
}

/** One part of the benchmark. `about` says what runs beside what; `notes` are sentences. */
export type Part = { name: string; title: string; about: string; rows: Row[]; notes: string[] }

/** The value below which the part `q` (0 to 1) of `values` lies, linearly between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Spread is p10–p90, and min–max where fewer than ten rounds were run. */
export function rowOf(what: string, unit: Unit, values: readonly number[], reference?: readonly number[]): Row {
  const [low, high] = values.length < 10 ? [0, 1] : [0.1, 0.9]
  return {
    what,
    unit,
    rounds: values.length,
    median: median(values),
    low: quantile(values, low!),
    high: quantile(values, high!),
    ratio: reference ? median(values.map((value, round) => value / reference[round]!)) : null
  }
}

type Bound = 'under' | 'at most' | 'at least'

/** A value beside the one that was promised, as a sentence. `target` is the first value that misses it, or the last that does not. */
export function judge(what: string, value: number, unit: Unit | '%', target: number, bound: Bound = 'under') {
  const isMet = bound === 'under' ? value < target : bound === 'at most' ? value <= target : value >= target
  const said = value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })
  return `${what}: ${said} ${unit}; the promise (${bound} ${target} ${unit}) is ${isMet ? 'met' : 'missed'}.`
}

export const notMeasured = (part: Part, why: string): Part => ({ ...part, notes: [`Not measured: ${why}.`] })

/** Runs every arm once a round, each round beginning with another; resolves with each arm's values, round by round. */
export async function interleave<Name extends string | number>(
  rounds: number,
  arms: Record<Name, (round: number) => number | Promise<number>>
): Promise<Record<Name, number[]>> {
  const names = Object.keys(arms) as Name[]
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!
      values[name].push(await arms[name](round))
    }
  return values
}

/** How long `work` took, in ms. */
export async function timed(work: () => unknown): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
