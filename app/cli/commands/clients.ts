// `tokentray clients …`: lists the clients of the gateway, and lets a person at a terminal allow, deny and revoke them.
// A person chooses a request by its digits, not by its client's name, because any program can claim a trusted name.
import type { ClientView, PendingClient } from '../../contract/clients.ts'
import { parseDuration } from '../../contract/duration.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { isMetricsKey } from '../../contract/metricsKey.ts'
import { refusalWords } from '../../contract/refusals.ts'
import { type Owner, withOwner } from '../../owner/withOwner.ts'
import { renderColumns } from '../columns.ts'
import { print, printJson, printNote, printRaw } from '../output.ts'
import { formatDistance, formatTime } from '../times.ts'
import { lockedNote } from '../words.ts'
import type { World } from '../world.ts'

type Json = { json?: boolean }

/** "a,b" as ids; undefined where nothing was given. Throws `inputInvalid`. */
function readServers(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  const servers = text.split(',').map((part) => part.trim())
  if (servers.some((part) => part === ''))
    throw new TokentrayError('inputInvalid', 'Separate the servers with commas: --servers github,linear.')
  return servers
}

function mustServers(text: string | undefined): string[] {
  const servers = readServers(text)
  if (servers) return servers
  throw new TokentrayError('inputInvalid', 'Specify the servers it may use: --servers github,linear.')
}

const reach = ({ id, servers }: ClientView) => servers.join(', ') || (isMetricsKey(id) ? 'the metrics' : 'no server')

const clientColumns = ['NAME', 'KIND', 'SERVERS', 'EXPIRES', 'LAST USED', 'ID', 'NOTES']

function clientRow(client: ClientView, now: number): string[] {
  const { id, kind, name, always, expiresAt, lastUse } = client
  const notes = [
    ...(always.length > 0 ? [`stays signed in while used: ${always.join(', ')}`] : []),
    ...(client.public ? ['also at the public URL'] : [])
  ]
  return [
    name,
    kind === 'key' ? 'key' : 'client',
    reach(client),
    expiresAt === null ? '-' : formatTime(expiresAt),
    lastUse ? `${formatDistance(lastUse.at, now)} (${lastUse.server})` : 'never',
    id,
    notes.join('; ')
  ]
}

function describePending({ name, digits, asks, destination, redirectUri, source }: PendingClient): string {
  return `${digits} · ${name} requests access to ${asks?.join(', ') ?? 'servers you choose'} · requested from ${source} · returns to ${destination} (${redirectUri})`
}

export async function list(world: World, options: Json): Promise<void> {
  const found = await withOwner(world, (owner) => owner.call('clients.list', {}))
  if (options.json) return printJson(world, found)
  if (found.locked) printNote(world, lockedNote)
  for (const pending of found.pending) print(world, `pending ${describePending(pending)}`)
  if (found.pending.length > 0)
    printNote(world, 'To answer, run tokentray clients allow <digits> or tokentray clients deny <digits>.')
  if (found.clients.length + found.pending.length === 0) printNote(world, 'No clients use the gateway yet.')
  const rows = found.clients.map((client) => clientRow(client, world.clock.now()))
  if (rows.length > 0) for (const line of renderColumns(clientColumns, rows)) print(world, line)
  for (const { kind, times, lastAt, detail } of found.refused)
    print(
      world,
      `rejected ${times} × ${refusalWords[kind]} · last ${formatDistance(lastAt, world.clock.now())} (${detail})`
    )
}

/** The waiting request a person means: by its digits or id, never by a name, since any program can call itself anything. */
async function findPending(owner: Owner, typed: string): Promise<PendingClient> {
  const { pending } = await owner.call('clients.list', {})
  const found = pending.find(({ digits, request }) => digits === typed || request === typed)
  if (found) return found
  const isName = pending.some(({ name }) => name.toLowerCase() === typed.toLowerCase())
  throw new TokentrayError(
    'clientUnknown',
    isName
      ? `Identify the request from "${typed}" by the digits on its page in your browser. Any program can use that name.`
      : `There is no pending request "${typed}". Run "tokentray clients list" to see pending requests.`
  )
}

type AllowOptions = Json & { servers?: string; always?: boolean; next?: string; redirectHost?: string; for?: string }

export async function allow(world: World, typed: string | undefined, options: AllowOptions): Promise<void> {
  const always = options.always ?? false
  if ((typed === undefined) === (options.next === undefined))
    throw new TokentrayError(
      'inputInvalid',
      'Specify a request by its digits, or an upcoming client with --next <name>.'
    )
  if (options.next !== undefined) {
    if (always)
      throw new TokentrayError(
        'inputInvalid',
        'A client allowed in advance is allowed for 30 days. For longer access without a person, create a key with tokentray clients add-key.'
      )
    const { expiresAt } = await withOwner(world, (owner) =>
      owner.call('clients.allowNext', {
        name: options.next!,
        servers: mustServers(options.servers),
        ...(options.redirectHost !== undefined && { redirectHost: options.redirectHost }),
        ...(options.for !== undefined && { validFor: parseDuration(options.for) })
      })
    )
    if (options.json) return printJson(world, { expiresAt })
    const end = formatTime(expiresAt)
    return print(
      world,
      `The next client that registers as "${options.next}" is allowed once without asking, until ${end}.`
    )
  }
  const servers = readServers(options.servers)
  const pending = await withOwner(world, async (owner) => {
    const found = await findPending(owner, typed!)
    await owner.call('clients.allow', { request: found.request, always, ...(servers && { servers }) })
    return found
  })
  const reached = servers ?? pending.asks ?? []
  if (options.json) printJson(world, { name: pending.name, servers: reached, always })
  else
    print(
      world,
      `${pending.name} may use ${reached.join(', ')}${always ? ', and stays signed in while it is used' : ''}.`
    )
}

export async function deny(world: World, typed: string, options: Json): Promise<void> {
  const pending = await withOwner(world, async (owner) => {
    const found = await findPending(owner, typed)
    await owner.call('clients.deny', { request: found.request })
    return found
  })
  if (options.json) printJson(world, { name: pending.name })
  else print(world, `Access denied for ${pending.name}.`)
}

export async function revoke(world: World, client: string, options: Json): Promise<void> {
  const revoked = await withOwner(world, (owner) => owner.call('clients.revoke', { client }))
  if (options.json) printJson(world, revoked)
  else print(world, `Access revoked for ${revoked.name}.`)
}

/** The key alone on stdout, once; what it is for on stderr. */
export async function addKey(
  world: World,
  name: string,
  options: Json & { servers?: string; metrics?: boolean; public?: boolean; expires?: string }
): Promise<void> {
  const servers = options.metrics ? readServers(options.servers) : mustServers(options.servers)
  const added = await withOwner(world, (owner) =>
    owner.call('clients.addKey', {
      name,
      ...(servers && { servers }),
      ...(options.metrics && { metrics: true }),
      ...(options.public && { public: true }),
      ...(options.expires !== undefined && { validFor: parseDuration(options.expires) })
    })
  )
  if (options.json) return printJson(world, added)
  printNote(
    world,
    `Key "${name}" for ${reach(added.client)}. It is shown only once. Send it as ${options.metrics ? 'Authorization: Bearer' : 'X-Tokentray-Key'}:`
  )
  printRaw(world, `${added.key}\n`)
}

const useColumns = ['FROM', 'TO', 'CLIENT', 'SERVER', 'REQUESTS']

export async function activity(
  world: World,
  client: string | undefined,
  options: Json & { limit: number }
): Promise<void> {
  const { limit } = options
  const found = await withOwner(world, (owner) =>
    owner.call('clients.activity', { limit, ...(client !== undefined && { client }) })
  )
  if (options.json) return printJson(world, found)
  if (found.uses.length === 0) printNote(world, 'No activity yet.')
  const rows = found.uses
    .toReversed()
    .map(({ name, server, firstAt, lastAt, requests }) => [
      ...[firstAt, lastAt].map(formatTime),
      ...[name, server, String(requests)]
    ])
  if (rows.length > 0) for (const line of renderColumns(useColumns, rows)) print(world, line)
}
