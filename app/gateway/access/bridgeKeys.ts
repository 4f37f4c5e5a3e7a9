// Keys of running processes (`tokentray mcp`): in memory only, for one server, over after an hour or with this owner.
// Whoever may open the control socket may have one, so such a key lets in nobody who could not read the token itself.
import type { Clock } from '../../base/clock.ts'
import type { Secret } from '../../base/secret.ts'
import { TokentrayError } from '../../contract/errors.ts'
import type { Holder, KeySummary } from '../../vault/localAccess.ts'
import { hashOf, mint, type RandomBytes } from './credentials.ts'

export type PassingKeys = {
  /** A key for this run of a bridge; an earlier one of the same run and server ends. Rejects `notAllowedHere` once revoked. */
  make(run: string, pid: number, server: string): { id: string; key: Secret; expiresAt: number }
  holder(hash: string): Holder | null
  list(): KeySummary[]
  /** Ends the key and refuses its run another one; false where there is none. */
  remove(id: string): boolean
}

/** A bridge whose key ended asks for the next one by itself. */
const life = 60 * 60_000
const most = 1000

type Passing = Holder & { id: string; madeAt: number; expiresAt: number; hash: string }

export function createPassingKeys({ clock, randomBytes }: { clock: Clock; randomBytes: RandomBytes }): PassingKeys {
  const byHash = new Map<string, Passing>()
  /** Runs a person shut out, until nobody remembers them. */
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
        throw new TokentrayError(
          'notAllowedHere',
          'This client was revoked in Tokentray: restart it to let it in again.'
        )
      for (const [hash, held] of byHash) if (held.id === id) byHash.delete(hash)
      if (byHash.size >= most)
        throw new TokentrayError('notAllowedHere', `${most} bridges are running already; end those nobody uses.`)
      const key = mint(randomBytes, 'key')
      const hash = hashOf(key)
      const now = clock.now()
      const name = `tokentray mcp (process ${pid})`
      const expiresAt = now + life
      byHash.set(hash, {
        id,
        client: id,
        name,
        kind: 'key',
        signIn: null,
        madeAt: now,
        expiresAt,
        servers: [server],
        hash
      })
      return { id, key, expiresAt }
    },
    holder(hash) {
      const held = byHash.get(hash)
      return held && held.expiresAt > clock.now() ? held : null
    },
    list() {
      sweep()
      return [...byHash.values()].map(({ id, name, madeAt, expiresAt, servers }) => ({
        id,
        name,
        madeAt,
        expiresAt,
        servers,
        lastUse: null
      }))
    },
    remove(id) {
      const held = [...byHash.values()].find((each) => each.id === id)
      if (!held) return false
      byHash.delete(held.hash)
      refused.set(id, clock.now() + 24 * life)
      return true
    }
  }
}
