// Keys for running bridges (`tokentray mcp`): kept in memory, each for one server, valid for at most an hour.
// Only the control socket hands them out, and whoever may open that socket could read the token itself.
import type { Clock } from '../../base/clock.ts'
import type { Secret } from '../../base/secret.ts'
import { TokentrayError } from '../../contract/errors.ts'
import type { Holder, KeySummary } from '../../vault/localAccess.ts'
import { hashOf, mint, type RandomBytes } from './credentials.ts'

export type BridgeKeys = {
  /**
   * A key for this run of a bridge; replaces an earlier one for the same server. Throws `notAllowedHere` once revoked.
   */
  make(run: string, pid: number, server: string): { id: string; key: Secret; expiresAt: number }
  holder(hash: string): Holder | null
  list(): KeySummary[]
  /** Revokes the key and refuses its run another one; false if there is no such key. */
  remove(id: string): boolean
}

/** A bridge whose key ended asks for the next one by itself. */
const lifeMs = 60 * 60_000
const maxKeys = 1000

type BridgeKey = Holder & { id: string; madeAt: number; expiresAt: number; hash: string }

export function createBridgeKeys({ clock, randomBytes }: { clock: Clock; randomBytes: RandomBytes }): BridgeKeys {
  const byHash = new Map<string, BridgeKey>()
  /** Ids of revoked keys, and until when their run is refused another one. */
  const refused = new Map<string, number>()

  function sweep(): void {
    const now = clock.now()
    for (const [hash, { expiresAt }] of byHash) if (expiresAt <= now) byHash.delete(hash)
    for (const [id, until] of refused) if (until <= now) refused.delete(id)
  }

  return {
    make(run, pid, server) {
      sweep()
      const id = `bridge.${run}.${server}`
      if (refused.has(id))
        throw new TokentrayError('notAllowedHere', 'This client was revoked in Tokentray. Restart it to connect again.')
      for (const [hash, found] of byHash) if (found.id === id) byHash.delete(hash)
      if (byHash.size >= maxKeys)
        throw new TokentrayError(
          'notAllowedHere',
          `${maxKeys} bridges are already running. Stop the ones you no longer use.`
        )
      const key = mint(randomBytes, 'key')
      const hash = hashOf(key)
      const now = clock.now()
      const name = `tokentray mcp (process ${pid})`
      const expiresAt = now + lifeMs
      byHash.set(hash, {
        id,
        client: id,
        name,
        kind: 'key',
        signIn: null,
        madeAt: now,
        expiresAt,
        isPublic: false,
        servers: [server],
        hash
      })
      return { id, key, expiresAt }
    },
    holder(hash) {
      const found = byHash.get(hash)
      return found && found.expiresAt > clock.now() ? found : null
    },
    list() {
      sweep()
      return [...byHash.values()].map(({ id, name, madeAt, expiresAt, servers }) => ({
        id,
        name,
        madeAt,
        expiresAt,
        idleMs: null,
        isPublic: false,
        servers,
        lastUse: null
      }))
    },
    remove(id) {
      const found = [...byHash.values()].find((each) => each.id === id)
      if (!found) return false
      byHash.delete(found.hash)
      refused.set(id, clock.now() + 24 * lifeMs)
      return true
    }
  }
}
