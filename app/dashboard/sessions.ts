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

type Link = { endsAt: number; forget(): void }

const hash = (text: string) => createHash('sha256').update(text).digest('base64url')

export class Sessions {
  readonly #clock: Clock
  readonly #randomBytes: RandomBytes
  /** Looked up by hash, so that the time a look-up takes tells nothing of the secret. */
  readonly #links = new Map<string, Link>()
  readonly #sessions = new Map<string, { endsAt: number }>()

  constructor(clock: Clock, randomBytes: RandomBytes) {
    this.#clock = clock
    this.#randomBytes = randomBytes
  }

  /** A new link's secret. `onGone` is called once: when it was used, has expired, or was removed for a newer one. */
  makeLink(onGone: () => void = () => {}): { secret: string; expiresAt: number } {
    const secret = this.#randomBytes(32).toString('base64url')
    const key = hash(secret)
    const expiresAt = this.#clock.now() + linkLifeMs
    const cancel = this.#clock.after(linkLifeMs, () => this.#links.get(key)?.forget())
    const forget = () => {
      this.#links.delete(key)
      cancel()
      onGone()
    }
    this.#links.set(key, { endsAt: expiresAt, forget })
    if (this.#links.size > maxLinks) this.#links.values().next().value?.forget()
    return { secret, expiresAt }
  }

  /** Turns a link into a session and returns that one's secret; null if the link is unknown, used or expired. */
  redeem(secret: string): string | null {
    const link = this.#links.get(hash(secret))
    if (!link) return null
    link.forget()
    // Timers stop while the machine sleeps, so the wall clock is checked too.
    if (this.#clock.now() >= link.endsAt) return null
    const session = this.#randomBytes(32).toString('base64url')
    this.#sessions.set(hash(session), { endsAt: this.#clock.now() + sessionLifeMs })
    if (this.#sessions.size > maxSessions) this.#sessions.delete(this.#sessions.keys().next().value!)
    return session
  }

  isOpen(session: string): boolean {
    const key = hash(session)
    const found = this.#sessions.get(key)
    if (!found) return false
    if (this.#clock.now() < found.endsAt) return true
    this.#sessions.delete(key)
    return false
  }

  /** Forgets all links and sessions. */
  close(): void {
    for (const link of [...this.#links.values()]) link.forget()
    this.#sessions.clear()
  }
}

/**
 * Every value of the cookie called `name` in a Cookie header: another service on the same host may have set one of the
 * same name.
 */
export function readCookies(header: string | undefined, name: string): string[] {
  return (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}
