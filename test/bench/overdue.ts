// A start with a hundred overdue servers whose token endpoint takes 200 ms: how long until every one is fresh.
// Beside it a bare loop that sends the same hundred requests, sixteen at a time, and stores nothing.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { type Log, openLog } from '../../app/base/log.ts'
import { settingsSchema } from '../../app/settings/settings.ts'
import { fill, inFolder, openCoreIn, vaultOpener } from './bench.fixture.ts'
import { interleave, type Part, rowOf, timed } from './stats.ts'

const servers = 100
const answersAfter = 200
const rounds = 5

/** Opens vault and core on the folder's vault and resolves when its last server is fresh: the log says so first. */
async function refreshAll(folder: string, vaultOf: () => ReturnType<ReturnType<typeof vaultOpener>>): Promise<number> {
  const file = openLog(join(folder, 'logs'))
  const done = Promise.withResolvers<void>()
  let refreshed = 0
  const log: Log = {
    ...file,
    info(message, fields) {
      file.info(message, fields)
      if (fields?.event === 'refreshed' && ++refreshed === servers) done.resolve()
      if (fields?.event === 'refreshFailed') done.reject(new Error(message))
    }
  }
  const began = performance.now()
  const core = await openCoreIn(folder, await vaultOf(), { log })
  await done.promise
  const took = performance.now() - began
  const fresh = core.snapshot().servers.filter(({ state }) => state === 'fresh').length
  await core.close()
  if (fresh !== servers) throw new Error(`only ${fresh} of ${servers} servers are fresh`)
  return took
}

export async function measureOverdue(): Promise<Part> {
  const { concurrency } = settingsSchema.parse({})
  const endpoint = fork(join(import.meta.dirname, 'endpoint.ts'), { execArgv: [] })
  try {
    const [{ port }] = (await once(endpoint, 'message')) as [{ port: number }]
    const url = `http://127.0.0.1:${port}/token`
    const bare = async () => {
      const limit = pLimit(concurrency)
      const ask = async () => (await fetch(url, { method: 'POST', body: 'grant_type=refresh_token' })).json()
      await Promise.all(Array.from({ length: servers }, () => limit(ask)))
    }
    const whole = () =>
      inFolder(async (folder) => {
        const open = vaultOpener()
        const path = join(folder, 'vault.db')
        const vault = await open(path)
        await fill(vault, servers, -60_000, url)
        await vault.close()
        return refreshAll(folder, () => open(path))
      })
    await Promise.all([fetch(url), fetch(url)]) // Loads what the first request loads.
    const values = await interleave(rounds, { bare: () => timed(bare), core: whole })
    const answer = once(endpoint, 'message')
    endpoint.send('count')
    const [{ requests }] = (await answer) as [{ requests: number }]
    const expected = 2 + 2 * rounds * servers
    if (requests !== expected) throw new Error(`${requests} requests were made instead of ${expected}`)
    const ideal = (servers * answersAfter) / concurrency
    const turns = Math.ceil(servers / concurrency)
    const rows = [
      rowOf('bare requests, nothing stored', 'ms', values.bare, values.bare),
      rowOf('Tokentray from opening the vault to the last fresh server', 'ms', values.core, values.bare)
    ]
    return {
      name: 'overdue',
      title: `${servers} overdue servers at a token endpoint of ${answersAfter} ms`,
      about: `${concurrency} at a time (the default), one start each in turn, the ratio to the bare requests.`,
      rows,
      notes: [
        `Ideal: ${servers} × ${answersAfter} ms / ${concurrency} = ${ideal} ms; ${servers} do not divide by ${concurrency}, so ${turns} turns, ${turns * answersAfter} ms, is the least possible.`,
        `Tokentray took ${(rows[1]!.median / ideal).toFixed(2)} × the ideal, ${(rows[1]!.median / (turns * answersAfter)).toFixed(2)} × the least possible; each server was asked exactly once.`
      ]
    }
  } finally {
    endpoint.disconnect()
  }
}
