// One-time links into the dashboard and the sessions they become: 256 random bits each, kept in memory as hashes.
// Nothing survives the owner: after a restart a person runs `tokentray open` again.
import { createHash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'

export type RandomBytes = (size: number) => Buffer

/** How long a link may wait to be used. */
export const linkLifeMs = 60_000
/** How long a session lasts, whether or not it is used. */
export const sessionLifeMs = 7 * 24 * 3_600_000
/** Beyond these numbers the oldest is removed. */
export const maxLinks = 8
export const maxSessions = 32

type Link = { host: string; madeAt: number; endsAt: number; forget(): void }

export type Session = {
  /** The origin (RFC 6454) whose pages hold the session: at any other, its secret opens nothing. */
  origin: string
  /** When the link was made that became this session, in ms since the epoch. */
  linkedAt: number
  endsAt: number
  /** What only this owner and the pages know, and pages never send: answers prove by it where they come from. */
  proof: string
}

const hash = (text: string) => createHash('sha256').update(text).digest('base64url')

export class Sessions {
  readonly #clock: Clock
  readonly #randomBytes: RandomBytes
  /** Looked up by hash, so that the time a look-up takes tells nothing of the secret. */
  readonly #links = new Map<string, Link>()
  readonly #sessions = new Map<string, Session>()

  constructor(clock: Clock, randomBytes: RandomBytes) {
    this.#clock = clock
    this.#randomBytes = randomBytes
  }

  readonly #makeSecret = () => this.#randomBytes(32).toString('base64url')

  /**
   * The secret of a new link, which is good at `host` alone. `onGone` is called once: when it was used, has expired, or was
   * removed for a newer one.
   */
  makeLink(host: string, onGone: () => void = () => {}): { secret: string; expiresAt: number } {
    const secret = this.#makeSecret()
    const key = hash(secret)
    const madeAt = this.#clock.now()
    const expiresAt = madeAt + linkLifeMs
    const cancel = this.#clock.after(linkLifeMs, () => this.#links.get(key)?.forget())
    const forget = () => {
      this.#links.delete(key)
      cancel()
      onGone()
    }
    this.#links.set(key, { host, madeAt, endsAt: expiresAt, forget })
    if (this.#links.size > maxLinks) this.#links.values().next().value?.forget()
    return { secret, expiresAt }
  }

  /** Turns a link into a session of `origin`; null if the link is unknown, used, expired, or good elsewhere. */
  redeem(secret: string, origin: string): { secret: string; proof: string } | null {
    const link = this.#links.get(hash(secret))
    if (!link) return null
    link.forget()
    // Timers stop while the machine sleeps, so the wall clock is checked too.
    if (this.#clock.now() >= link.endsAt || new URL(origin).hostname !== link.host) return null
    const [session, proof] = [this.#makeSecret(), this.#makeSecret()]
    const endsAt = this.#clock.now() + sessionLifeMs
    this.#sessions.set(hash(session), { origin, linkedAt: link.madeAt, endsAt, proof })
    if (this.#sessions.size > maxSessions) this.#sessions.delete(this.#sessions.keys().next().value!)
    return { secret: session, proof }
  }

  /** The session of this secret at `origin`; null where there is none, or it is over. */
  find(secret: unknown, origin: string): Session | null {
    if (typeof secret !== 'string') return null
    const key = hash(secret)
    const found = this.#sessions.get(key)
    if (!found || found.origin !== origin) return null
    if (this.#clock.now() < found.endsAt) return found
    this.#sessions.delete(key)
    return null
  }

  /** Forgets all links and sessions. */
  close(): void {
    for (const link of [...this.#links.values()]) link.forget()
    this.#sessions.clear()
  }
}
