// Authorization requests that wait for consent: kept in memory for ten minutes, under a ticket only their page knows.
// A person decides by the request's id. Pages know only the ticket, which cannot be used to decide.
import { onAbort } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import type { PendingClient } from '../../contract/clients.ts'
import type { LocalClient } from '../../vault/localAccess.ts'
import type { RandomBytes } from './credentials.ts'
import { describeRedirect } from './redirects.ts'

/** How long a person may take to decide. */
export const decisionTimeoutMs = 600_000
/** How long an outcome waits to be fetched by its browser. */
const collectTimeoutMs = 60_000
const maxWaiting = 20
const maxWaitingPerClient = 3
/** A page that polled within this time counts as open. */
const pageActiveMs = 10_000

/** A valid authorization request (RFC 6749 section 4.1.1). `servers` null: it named none. */
export type AuthorizationRequest = {
  client: LocalClient
  redirectUri: string
  challenge: string
  state: string | undefined
  issuer: string
  servers: string[] | null
  /** Where it came from, in words, and whether that is another computer. */
  source: string
  isRemote: boolean
}

/** Returns the address that the browser is redirected to. */
export type Outcome = () => string

export type ConsentRequest = {
  id: string
  asked: AuthorizationRequest
  digits: string
  at: number
  expiresAt: number
  outcome: Outcome | null
}

type Entry = ConsentRequest & {
  ticket: string
  /** When its page last polled. */
  seenAt: number
  /** Ends the long-poll requests of its page that are held open. */
  watchers: Set<() => void>
  /** A person has decided, and the answer is just being stored. */
  isDeciding: boolean
  cancel: () => void
}

export class Pending {
  readonly #clock: Clock
  readonly #randomBytes: RandomBytes
  readonly #onChange: () => void
  readonly #giveUp: (request: ConsentRequest) => Outcome
  readonly #byTicket = new Map<string, Entry>()

  /** `giveUp`: the outcome of a request that nobody decided in time. */
  constructor(o: {
    clock: Clock
    randomBytes: RandomBytes
    onChange: () => void
    giveUp: (request: ConsentRequest) => Outcome
  }) {
    this.#clock = o.clock
    this.#randomBytes = o.randomBytes
    this.#onChange = o.onChange
    this.#giveUp = o.giveUp
  }

  /**
   * Adds a request; null if too many are waiting and none of them can be ended. One with the same PKCE challenge is the
   * same sign-in in a page that was loaded again, and takes the place of the first.
   */
  add(asked: AuthorizationRequest): { ticket: string; digits: string } | null {
    const before = this.#waiting().find((it) => !it.isDeciding && isSameSignIn(it.asked, asked))
    if (before) this.#drop(before.ticket)
    if (!this.#makeRoom(asked)) return null
    const ticket = this.#randomBytes(24).toString('base64url')
    const id = this.#randomBytes(9).toString('base64url')
    const at = this.#clock.now()
    const taken = new Set(this.#waiting().map(({ digits }) => digits))
    let digits: string
    do digits = String(this.#randomBytes(4).readUInt32BE() % 10_000).padStart(4, '0')
    while (taken.has(digits))
    this.#byTicket.set(ticket, {
      id,
      ticket,
      asked,
      digits,
      at,
      seenAt: at,
      expiresAt: at + decisionTimeoutMs,
      outcome: null,
      isDeciding: false,
      watchers: new Set(),
      cancel: this.#clock.after(decisionTimeoutMs, () => this.#expire(ticket))
    })
    this.#onChange()
    return { ticket, digits }
  }

  /** The request of a page, which counts as open from now on. */
  find(ticket: string): ConsentRequest | null {
    const found = this.#byTicket.get(ticket)
    if (found) found.seenAt = this.#clock.now()
    // Timers run in running time: after a sleep only the wall clock knows.
    if (found && !found.outcome && this.#clock.now() >= found.expiresAt) this.#expire(ticket)
    return this.#byTicket.get(ticket) ?? null
  }

  /** The request a person decides about; null if it is over, or just being decided elsewhere. */
  open(id: string): ConsentRequest | null {
    return this.#waiting().find((it) => it.id === id && !it.isDeciding) ?? null
  }

  /** Settles an open request with the outcome being stored; if storing fails it can be decided again. */
  async decide(id: string, stored: Promise<Outcome>): Promise<void> {
    const found = this.#waiting().find((it) => it.id === id)
    if (found) found.isDeciding = true
    try {
      this.settle(id, await stored)
    } finally {
      if (found) found.isDeciding = false
    }
  }

  /** The outcome for its page, once: the ticket is then used up. Null: nobody has decided. */
  collect(ticket: string): string | null {
    const found = this.#byTicket.get(ticket)
    if (!found?.outcome) return null
    this.#drop(ticket)
    return found.outcome()
  }

  settle(id: string, outcome: Outcome): void {
    for (const [ticket, request] of this.#byTicket) if (request.id === id) this.#settle(ticket, outcome)
  }

  /** Resolves when this request is decided, after `length` ms, or when its page is `closed`. */
  watch(ticket: string, timeoutMs: number, closed: AbortSignal): Promise<void> {
    const found = this.#byTicket.get(ticket)
    if (!found || found.outcome || closed.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        stopListening()
        found.watchers.delete(done)
        resolve()
      }
      const cancel = this.#clock.after(timeoutMs, done)
      found.watchers.add(done)
      const stopListening = onAbort(closed, done)
    })
  }

  /** As doors see them, the oldest first. */
  views(): PendingClient[] {
    return this.#waiting().map(({ id, asked, digits, at, expiresAt }) => ({
      request: id,
      name: asked.client.name,
      redirectUri: asked.redirectUri,
      destination: describeRedirect(asked.redirectUri, asked.isRemote),
      source: asked.source,
      asks: asked.servers,
      digits,
      at,
      expiresAt
    }))
  }

  /** Ids of the clients that wait for consent. */
  clients(): string[] {
    return this.#waiting().map(({ asked }) => asked.client.id)
  }

  /** Ends every request, or those of one client, as if the person had denied them. */
  endAll(client?: string): void {
    for (const [ticket, request] of this.#byTicket)
      if (!request.outcome && (client === undefined || request.asked.client.id === client)) this.#end(ticket)
  }

  close(): void {
    for (const ticket of [...this.#byTicket.keys()]) this.#drop(ticket)
  }

  #waiting(): Entry[] {
    const now = this.#clock.now()
    return [...this.#byTicket.values()].filter((it) => !it.outcome && now < it.expiresAt)
  }

  /**
   * Where too many wait, ends the oldest of the same client, else of the client with the most requests. Never one whose
   * page is open, since the person may be looking at it, unless its client has less of a claim than the one that asks;
   * and never one that is just being decided. False if none can be ended.
   */
  #makeRoom(asked: AuthorizationRequest): boolean {
    const client = asked.client.id
    const waiting = this.#waiting()
    const of = (id: string) => waiting.filter((it) => it.asked.client.id === id)
    const own = of(client)
    const isFull = own.length >= maxWaitingPerClient || waiting.length >= maxWaiting
    if (!isFull) return true
    const closed = (own.length >= maxWaitingPerClient ? own : waiting).filter((it) => !this.#isInUse(it))
    // Pages that strangers hold open keep out nobody who was let in before, nor those from afar somebody here.
    const lesser = () => waiting.filter((it) => !it.isDeciding && claimOf(it.asked) < claimOf(asked))
    const free = closed.length > 0 || own.length >= maxWaitingPerClient ? closed : lesser()
    const shares = free.map((it) => of(it.asked.client.id).length)
    const leaving = free[shares.indexOf(Math.max(...shares))]
    if (leaving) this.#expire(leaving.ticket)
    return leaving !== undefined
  }

  #isInUse({ isDeciding, watchers, seenAt }: Entry): boolean {
    return isDeciding || watchers.size > 0 || this.#clock.now() - seenAt < pageActiveMs
  }

  /** No person had a part in this: a client nobody knows is sent nowhere, as authorize.ts sends it nowhere. */
  #expire(ticket: string): void {
    if (this.#byTicket.get(ticket)?.asked.client.approvedAt === null) this.#drop(ticket)
    else this.#end(ticket)
  }

  #end(ticket: string): void {
    const found = this.#byTicket.get(ticket)
    if (found) this.#settle(ticket, this.#giveUp(found))
  }

  #settle(ticket: string, outcome: Outcome): void {
    const found = this.#byTicket.get(ticket)
    if (!found || found.outcome) return
    found.cancel()
    found.outcome = outcome
    found.cancel = this.#clock.after(collectTimeoutMs, () => this.#drop(ticket))
    for (const notify of [...found.watchers]) notify()
    this.#onChange()
  }

  #drop(ticket: string): void {
    const found = this.#byTicket.get(ticket)
    if (!found) return
    this.#byTicket.delete(ticket)
    found.cancel()
    for (const notify of [...found.watchers]) notify()
    this.#onChange()
  }
}

function isSameSignIn(one: AuthorizationRequest, other: AuthorizationRequest): boolean {
  return one.client.id === other.client.id && one.redirectUri === other.redirectUri && one.challenge === other.challenge
}

/** Who goes first where not all can wait: clients that were let in before, then those of this computer. */
const claimOf = ({ client, isRemote }: AuthorizationRequest): number =>
  client.approvedAt !== null ? 2 : isRemote ? 0 : 1
