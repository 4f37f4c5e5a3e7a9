// `tokentray complete servers`: the names that shells offer at Tab, one per line, called by the scripts of `completion`.
// Asks a running Tokentray and nobody else: pressing Tab must not open a vault, ask for a passphrase or make a person wait.
import { unlessAborted, withTimeout } from '../../base/abort.ts'
import { connect } from '../../owner/client.ts'
import { printRaw } from '../output.ts'
import type { World } from '../world.ts'

/** Something that can be typed: by its id, and by its name where no other one has that name. */
type Named = { id: string; name: string }

const kinds = {
  servers: async (client: Client) => (await client.call('snapshot', {})).servers,
  clients: async (client: Client) => (await client.call('clients.list', {})).clients
} as const
type Client = NonNullable<Awaited<ReturnType<typeof connect>>>
type Kind = keyof typeof kinds

/** Nobody waits longer for a list of names. */
const maxWaitMs = 1000

/** What `argv` asks for; null: it is another command. */
export function readCompleteArguments(argv: readonly string[]): Kind | null {
  const [command, kind = '', ...rest] = argv
  return command === 'complete' && Object.hasOwn(kinds, kind) && rest.length === 0 ? (kind as Kind) : null
}

/** One line per name, with what it stands for after a tab; nothing, and still 0, where no Tokentray runs or answers in time. */
export async function complete(world: World, kind: Kind): Promise<number> {
  const ask = async () => {
    const client = await connect(world.paths, world.clock)
    return client ? kinds[kind](client) : []
  }
  // Whatever goes wrong, there is nothing to offer: an error in the middle of a command line helps nobody.
  const found = await withTimeout(world.clock, maxWaitMs, (signal) => unlessAborted(signal, ask)).catch(() => [])
  const lines = namesOf(found, kind).map(([typed, meaning]) => `${typed}\t${meaning}\n`)
  printRaw(world, lines.join(''))
  return 0
}

/** Pairs of what can be typed and what it stands for. Ids of servers are short and meant for typing; those of clients are neither. */
function namesOf(all: readonly Named[], kind: Kind): [typed: string, meaning: string][] {
  const times = new Map<string, number>()
  for (const { name } of all) times.set(key(name), (times.get(key(name)) ?? 0) + 1)
  for (const { id } of all) times.set(key(id), (times.get(key(id)) ?? 0) + 1)
  return all.flatMap(({ id, name }): [string, string][] => {
    const isUsable = isTypeable(name) && times.get(key(name)) === 1
    const byId: [string, string][] = isTypeable(id) ? [[id, isTypeable(name) ? name : '']] : []
    const byName: [string, string][] = isUsable ? [[name, id]] : []
    return kind === 'clients' && isUsable ? byName : [...byId, ...byName]
  })
}

const key = (text: string) => text.toLowerCase()

/** Names come from servers and programs: what has control characters, or would be read as an option, is not offered. */
const isTypeable = (name: string) => /^[^\s-]/u.test(name) && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\s$/u.test(name)
