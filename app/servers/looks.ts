// Looks now and then at servers that a person has on the screen, so that green means "works" where no client asks anything.
// A look is one `initialize` and its end. It spends no refresh token, asks no person for anything and adds no scope.
import pLimit from 'p-limit'
import { type Random, sleep } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { stillHolds } from '../health/outage.ts'
import { restored } from '../health/questions.ts'
import type { Entry } from '../keeper/roster.ts'
import { type AskParts, lookAtServer } from './askServer.ts'

const lookTimeoutMs = 15_000
const maxLooksAtOnce = 4
/** Rows that appear together are not asked in the same moment: several may be of one machine. */
const maxDelayMs = 2000

export type LooksParts = AskParts & {
  random: Random
  log: Log
  /** Whether the person has locked the gateway: tokens are to rest then. */
  isLocked: () => boolean
}

export class Looks {
  readonly #o: LooksParts
  readonly #limit = pLimit(maxLooksAtOnce)
  /** By server, when a look was last begun. */
  readonly #lookedAt = new Map<string, number>()
  readonly #stopping = new AbortController()
  readonly #underWay = new Set<Promise<void>>()

  constructor(parts: LooksParts) {
    this.#o = parts
  }

  /** A person can see these servers now. What is looked at is told by their views; nothing is waited for. */
  shown(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#o.keeper.roster.find(id)
      if (!entry) this.#lookedAt.delete(id)
      else if (this.#isWanted(entry) && !this.#isRecent(this.#lookedAt.get(id))) this.#begin(id)
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#underWay)
  }

  #begin(id: string): void {
    if (this.#stopping.signal.aborted) return
    this.#lookedAt.set(id, this.#o.clock.now())
    const look = this.#limit(() => this.#look(id))
      .catch((error) => {
        if (!this.#stopping.signal.aborted) this.#o.log.error('a server could not be looked at', error, { server: id })
      })
      .finally(() => this.#underWay.delete(look))
    this.#underWay.add(look)
  }

  async #look(id: string): Promise<void> {
    const { keeper, clock, random } = this.#o
    const { signal } = this.#stopping
    await sleep(clock, Math.round(random() * maxDelayMs), signal)
    const entry = keeper.roster.find(id)
    if (!entry || !this.#isWanted(entry)) return
    const tokens = await keeper.currentTokens(id)
    if (!tokens || (tokens.expiresAt !== null && tokens.expiresAt <= clock.now())) return
    await lookAtServer(this.#o, id, tokens, { timeoutMs: lookTimeoutMs, signal })
  }

  /** Whether it has a token to ask with, may be asked, and was not seen a moment ago. */
  #isWanted({ config, health, seen, unsaved }: Entry): boolean {
    const { keeper, clock, isLocked } = this.#o
    if (config.mode === 'passThrough' || health.paused || keeper.isSuspended || isLocked()) return false
    const { grant, state } = health
    const expiresAt = unsaved ? unsaved.tokens.expiresAt : grant?.expiresAt
    const isOver = expiresAt != null && expiresAt <= clock.now()
    const isRestored = state.kind === 'needsUser' && state.code === restored
    return grant !== null && !isOver && !isRestored && !this.#isRecent(seen?.answeredAt ?? undefined)
  }

  #isRecent(at: number | undefined): boolean {
    return at !== undefined && stillHolds(at, this.#o.clock.now())
  }
}
