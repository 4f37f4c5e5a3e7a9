// `tokentray connect` and `disconnect`: shows what would change in a client's file, asks, and writes.
// Nothing is written, and no key made, before the person said yes or gave --yes.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Place, Way } from '../../connect/clients.ts'
import { type Connector, createConnector, type Plan } from '../../connect/connector.ts'
import { createKeys } from '../../connect/keys.ts'
import { launcherOf } from '../../connect/launcher.ts'
import { exitCodes, TokentrayError } from '../../contract/errors.ts'
import type { Snapshot } from '../../contract/views.ts'
import { withOwner } from '../../owner/withOwner.ts'
import { loopbackListeners, readPort } from '../../settings/ports.ts'
import { clean, isInteractive, print, printJson, printNote, printRaw } from '../output.ts'
import { askLine, unconfirmed } from '../prompt.ts'
import type { World } from '../world.ts'

export type ConnectOptions = {
  oauth?: boolean
  stdio?: boolean
  replace?: boolean
  rotate?: boolean
  print?: boolean
  withKey?: boolean
  yes?: boolean
  json?: boolean
}

const placeOf = ({ env, platform }: World): Place => ({
  env,
  platform,
  home: env.HOME || homedir(),
  cwd: process.cwd()
})

/** The id of the server a person named. @throws serverUnknown */
function serverOf({ servers }: Snapshot, typed: string): string {
  const named = servers.filter(({ name }) => name.toLowerCase() === typed.toLowerCase())
  const found = servers.find(({ id }) => id === typed) ?? (named.length === 1 ? named[0] : undefined)
  if (found) return found.id
  const known = servers.map(({ id }) => id).join(', ')
  throw new TokentrayError(
    'serverUnknown',
    known === ''
      ? `There is no server named "${typed}". Add one with "tokentray add <url>".`
      : `There is no server named "${typed}". Known servers: ${known}.`
  )
}

type Work = (connector: Connector, server: string, snapshot: Snapshot) => Promise<number>

function withConnector(world: World, typed: string, work: Work): Promise<number> {
  return withOwner(world, async (owner) => {
    const snapshot = await owner.call('snapshot', {})
    const connector = createConnector({
      place: placeOf(world),
      launcher: launcherOf(world.env),
      gateway: async () => `http://127.0.0.1:${readPort(world.paths.ownerFolder, loopbackListeners.gateway)}`,
      isPassThrough: (id) => snapshot.servers.some((each) => each.id === id && each.mode === 'passThrough'),
      // Also after Ctrl-C: a key whose file was not written must still be revoked.
      keys: createKeys(owner.callAnyway),
      clock: world.clock,
      backups: join(world.paths.home, 'backups')
    })
    return work(connector, serverOf(snapshot, typed), snapshot)
  })
}

function wayOf({ oauth, stdio }: ConnectOptions): Way | undefined {
  if (oauth && stdio) throw new TokentrayError('inputInvalid', 'Use either --oauth or --stdio, not both.')
  return oauth ? 'oauth' : stdio ? 'stdio' : undefined
}

/** Exit 3 where something would be written and nobody can be asked. */
export function connectClient(world: World, client: string, typed: string, options: ConnectOptions): Promise<number> {
  const way = wayOf(options)
  return withConnector(world, typed, async (connector, server, snapshot) => {
    const { replace = false, rotate = false } = options
    const plan = await connector.plan({ client, server, way, replace, rotate })
    if (options.print || plan.state === 'manual') return printEntry(world, connector, plan, options)
    if (plan.state === 'foreign') await connector.apply(plan) // Rejects, with what to do.
    if (plan.state === 'connected') {
      printOutcome(world, options, plan, { written: false }, `${plan.row.name} is already connected to ${server}.`)
      return 0
    }
    if (!(await confirmChange(world, plan, options))) return isInteractive(world) ? 0 : exitCodes.confirmationNeeded
    const { backup, path } = await connector.apply(plan)
    printOutcome(world, options, plan, { written: true, backup }, `Connected ${plan.row.name} to ${server}: ${path}`)
    if (backup !== null) printNote(world, `Backup of the previous file: ${backup}`)
    if (plan.row.note !== '') printNote(world, plan.row.note)
    if (snapshot.gateway?.problem) printNote(world, snapshot.gateway.problem)
    if (snapshot.owner.kind === 'command')
      printNote(
        world,
        'Tokentray is not running. Before you use the client, start the Tokentray app or run tokentray serve.'
      )
    return 0
  })
}

/** The entry alone on stdout. A key is made only with --with-key; else it stands there as [key]. */
async function printEntry(world: World, connector: Connector, plan: Plan, options: ConnectOptions): Promise<number> {
  const entry = options.withKey ? await connector.snippetWithKey(plan) : plan.snippet
  printRaw(world, `${entry}\n`)
  if (plan.path !== null) printNote(world, `Add it to ${plan.path}`)
  if (plan.row.note !== '') printNote(world, plan.row.note)
  if (plan.way === 'key' && !options.withKey)
    printNote(world, '[key] is a placeholder. Use --print --with-key to create a key.')
  return 0
}

/** Takes exactly our entry out of the client's file, and revokes its key. */
export function disconnectClient(
  world: World,
  client: string,
  typed: string,
  options: ConnectOptions
): Promise<number> {
  return withConnector(world, typed, async (connector, server) => {
    const plan = await connector.planRemoval({ client, server })
    if (plan.canWrite && !(await confirmChange(world, plan, options)))
      return isInteractive(world) ? 0 : exitCodes.confirmationNeeded
    const { changed, revoked, backup, path } = await connector.remove(plan)
    const keys = revoked > 0 ? ' Its key is revoked.' : ''
    const said = changed
      ? `Disconnected ${plan.row.name} from ${server}: ${path}.`
      : `${plan.row.name} was not connected to ${server}.`
    printOutcome(world, options, plan, { written: changed, backup, revoked }, said + keys)
    if (backup !== null) printNote(world, `Backup of the previous file: ${backup}`)
    return 0
  })
}

/** Shows the change and asks; false: not now, which is said. */
async function confirmChange(world: World, plan: Plan, options: ConnectOptions): Promise<boolean> {
  if (!options.json) {
    printRaw(world, `${clean(plan.diff)}\n`)
    for (const warning of plan.warnings) printNote(world, warning)
  }
  if (options.yes) return true
  if (!isInteractive(world)) {
    // The change is the answer even so: what was asked for is to be seen before it is agreed to.
    const { code, message } = unconfirmed()
    if (options.json) printJson(world, { ...describe(plan), written: false, error: { code, message } })
    printNote(world, `tokentray: ${message}`)
    return false
  }
  const link = plan.realPath === plan.path ? '' : `, which is a link to ${plan.realPath}`
  const answer = await askLine(world, `Write this to ${plan.path}${link}? [y/N]`)
  if (/^y(es)?$/i.test(answer.trim())) return true
  printNote(world, 'Nothing was changed.')
  return false
}

const describe = ({ row, server, way, path, state, diff }: Plan) => ({ client: row.id, server, way, path, state, diff })

function printOutcome(world: World, options: ConnectOptions, plan: Plan, outcome: object, sentence: string): void {
  if (options.json) printJson(world, { ...describe(plan), ...outcome })
  else print(world, sentence)
}
