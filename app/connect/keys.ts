// Makes, finds and revokes the gateway's named keys by the contract's commands, for the command line and the core alike.
// Each connection of a client to a server has a key of its own, so that ending one ends no other.
import { Secret } from '../base/secret.ts'
import type { Call } from '../contract/commands.ts'
import type { Keys } from './connector.ts'

/** How long a rotated key stays good. */
const rotationMs = 60 * 60_000

/** `call` may be a socket's, or the handlers themselves. */
export function createKeys(call: Call): Keys {
  async function listKeys(name: string): Promise<{ id: string; name: string }[]> {
    const { clients } = await call('clients.list', {})
    const isOfName = (each: string) =>
      each === name || (each.startsWith(`${name} (`) && /^\d+\)$/.test(each.slice(name.length + 2)))
    return clients.filter((each) => each.kind === 'key' && isOfName(each.name))
  }
  return {
    async make(name, server) {
      // While a key is replaced, the old one stays valid until the new one is written, so both need a name.
      const taken = new Set((await listKeys(name)).map((each) => each.name))
      let free = name
      for (let n = 2; taken.has(free); n++) free = `${name} (${n})`
      const { key, client } = await call('clients.addKey', { name: free, servers: [server] })
      return { id: client.id, key: new Secret(key) }
    },
    find: async (name) => (await listKeys(name)).map(({ id }) => id),
    async revoke(id) {
      await call('clients.revoke', { client: id })
    },
    async revokeSoon(id) {
      await call('clients.revoke', { client: id, inMs: rotationMs })
    }
  }
}
