// Two hundred fresh servers and nothing to do: processor time and memory of an idle `serve`.
// Beside it, over the same seconds, a Node that only waits.
import { setTimeout as wait } from 'node:timers/promises'
import { type Probed, startProbed, withOwner } from './bench.fixture.ts'
import { type Part, rowOf } from './stats.ts'

const servers = 200
/** One nap of the keeper's alarm lies in every stretch of this length. */
const seconds = 30

async function usage(probed: Probed, work: Promise<unknown>) {
  const before = await probed.read()
  await work
  const after = await probed.read()
  return { cpu: (after.cpu - before.cpu) / (seconds * 10), rss: after.rss / 1e6 }
}

export function measureIdle(): Promise<Part> {
  return withOwner(servers, async (owner) => {
    const bare = startProbed(['-e', `setInterval(() => {}, ${seconds * 1000})`])
    try {
      await wait(1500) // What the start left to do is not idling.
      await Promise.all([owner.read(), bare.read()])
      const idling = wait(seconds * 1000)
      const [keeper, node] = await Promise.all([usage(owner, idling), usage(bare, idling)])
      return {
        name: 'idle',
        title: `Idle with ${servers} fresh servers, tokens of an hour`,
        about: `One \`tokentray serve\` and one Node with a single timer, side by side for ${seconds} s, which hold one look of the keeper at its clock.`,
        rows: [
          rowOf('Node with one timer: processor', '% of one core', [node.cpu]),
          rowOf('tokentray serve: processor', '% of one core', [keeper.cpu]),
          rowOf('Node with one timer: memory (RSS)', 'MB', [node.rss], [node.rss]),
          rowOf('tokentray serve: memory (RSS)', 'MB', [keeper.rss], [node.rss])
        ],
        notes: []
      }
    } finally {
      await bare.stop()
    }
  })
}
