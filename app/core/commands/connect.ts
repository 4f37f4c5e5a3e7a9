// Handlers of the commands that connect MCP clients: a plan is shown first, then written by its id.
// Callers name a client and a server, never a file, so that no page can have a file of its choice written.
import { homedir } from 'node:os'
import type { Clock } from '../../base/clock.ts'
import type { Environment } from '../../base/paths.ts'
import { expose } from '../../base/secret.ts'
import { type ClientRow, clients, findClient, type Place } from '../../connect/clients.ts'
import { createConnector, type Plan } from '../../connect/connector.ts'
import { createKeys } from '../../connect/keys.ts'
import { launcherOf } from '../../connect/launcher.ts'
import type { Call } from '../../contract/commands.ts'
import type { connectCommands } from '../../contract/connect.ts'
import { TokentrayError } from '../../contract/errors.ts'
import type { BridgeKeys } from '../../gateway/access/bridgeKeys.ts'
import type { RandomBytes } from '../../gateway/access/credentials.ts'
import type { HandlersOf } from './handlers.ts'

const planLifeMs = 10 * 60_000
const maxPlans = 50

/**
 * `findServer`: the id of the server a person named. `call`: the commands on clients. `gateway`: the gateway's origin.
 */
export function createConnectHandlers(o: {
  call: Call
  bridgeKeys: BridgeKeys
  clock: Clock
  randomBytes: RandomBytes
  environment: Environment
  gateway(): string
  isPassThrough(server: string): boolean
  /** Tokentray's own folder, for backups of files that lie in a repository. */
  backups: string
  find(typed: string): string
  changed(): void
}): HandlersOf<keyof typeof connectCommands> {
  const { clock, environment, find, bridgeKeys } = o
  // No working folder: the one a lasting owner was started in is no project of the person's.
  const place: Place = { platform: process.platform, home: environment.HOME || homedir(), env: environment, cwd: '' }
  const connector = createConnector({
    place,
    launcher: launcherOf(environment),
    gateway: async () => o.gateway(),
    isPassThrough: o.isPassThrough,
    keys: createKeys(o.call),
    clock,
    backups: o.backups
  })
  const plans = new Map<string, { plan: Plan; until: number }>()
  const offered = clients.filter(({ isPerProject }) => !isPerProject)

  function refuseProject(client: string): void {
    if (findClient(client)?.isPerProject)
      throw new TokentrayError('inputInvalid', `Run "tokentray connect ${client}" in the project folder.`)
  }

  function keepPlan(plan: Plan): string {
    const now = clock.now()
    for (const [id, { until }] of plans) if (until <= now || plans.size >= maxPlans) plans.delete(id)
    const id = o.randomBytes(12).toString('base64url')
    plans.set(id, { plan, until: now + planLifeMs })
    return id
  }

  return {
    'connect.list': async () => ({ clients: offered.map((row) => viewRow(row, place)) }),
    'connect.plan': async ({ client, server, way, replace = false, rotate = false }) => {
      refuseProject(client)
      const plan = await connector.plan({ client, server: find(server), way, replace, rotate })
      const { row, path, state, canWrite, warnings, diff, snippet } = plan
      const id = canWrite ? keepPlan(plan) : null
      return {
        plan: id,
        client,
        server: plan.server,
        way: plan.way,
        path,
        state,
        canWrite,
        diff,
        snippet,
        note: [...warnings, row.note].join(' ').trim()
      }
    },
    'connect.apply': async ({ plan: id }) => {
      const planned = plans.get(id)
      plans.delete(id)
      if (!planned || planned.until <= clock.now())
        throw new TokentrayError('configChanged', 'This preview has expired. Review the change again.')
      const { path, backup } = await connector.apply(planned.plan)
      return { path, backup }
    },
    'connect.undo': async ({ client, server }) => {
      refuseProject(client)
      const { path, changed, revoked } = await connector.undo({ client, server: find(server) })
      return { path, changed, revoked }
    },
    'clients.bridgeKey': async ({ server, run, pid }) => {
      const id = find(server)
      const bridgeKey = bridgeKeys.make(run, pid, id)
      o.changed()
      return { key: expose(bridgeKey.key), id: bridgeKey.id, server: id, expiresAt: bridgeKey.expiresAt }
    }
  }
}

const viewRow = (row: ClientRow, place: Place) => ({
  id: row.id,
  name: row.name,
  path: row.file?.(place) ?? null,
  ways: [...row.ways],
  mark: row.mark,
  source: row.source,
  note: row.note
})
