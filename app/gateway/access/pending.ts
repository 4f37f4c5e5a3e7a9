// Clients that wait for a person's word: kept in memory, for ten minutes, under a ticket only their browser knows.
// The person decides by the request's id, so no door ever sees a ticket, and no page can decide.
import type { Clock } from '../../clock.ts'
import type { PendingClient } from '../../contract/gateway.ts'
import type { LocalClient } from '../../vault/localAccess.ts'
import type { RandomBytes } from './credentials.ts'
import { describeRedirect } from './redirects.ts'

/** How long a person may take, in ms. */
export const patience = 600_000
/** How long an outcome waits for its browser, in ms. */
const collectWithin = 60_000
const mostInAll = 20
const mostPerClient = 3

/** An authorization request whose parameters are in order (RFC 6749 section 4.1.1). `servers` null: it named none. */
export type Asking = {
  client: LocalClient
  redirectUri: string
  challenge: string
  state: string | undefined
  issuer: string
  servers: string[] | null
}

/** Makes the address the browser goes on to. */
export type Outcome = () => string

export type Request = {
  id: string
  asking: Asking
  digits: string
  at: number
  expiresAt: number
  outcome: Outcome | null
}

export class Pending {
  readonly #clock: Clock
  readonly #randomBytes: RandomBytes
  readonly #onChange: () => void
  readonly #giveUp: (request: Request) => Outcome
  readonly #byTicket = new Map<string, Request & { cancel: () => void; watchers: Set<() => void> }>()

  /** `giveUp`: what becomes of a request nobody decided about. */
  constructor(o: {
    clock: Clock
    randomBytes: RandomBytes
    onChange: () => void
    giveUp: (request: Request) => Outcome
  }) {
    this.#clock = o.clock
    this.#randomBytes = o.randomBytes
    this.#onChange = o.onChange
    this.#giveUp = o.giveUp
  }

  /** The ticket of a new request; null while too many wait. */
  add(asking: Asking): string | null {
    const waiting = this.#waiting()
    const sameClient = waiting.filter((it) => it.asking.client.id === asking.client.id)
    if (waiting.length >= mostInAll || sameClient.length >= mostPerClient) return null
    const ticket = this.#randomBytes(24).toString('base64url')
    const id = this.#randomBytes(9).toString('base64url')
    const at = this.#clock.now()
    const taken = new Set(waiting.map(({ digits }) => digits))
    let digits: string
    do digits = String(this.#randomBytes(4).readUInt32BE() % 10_000).padStart(4, '0')
    while (taken.has(digits))
    this.#byTicket.set(ticket, {
      id,
      asking,
      digits,
      at,
      expiresAt: at + patience,
      outcome: null,
      watchers: new Set(),
      cancel: this.#clock.after(patience, () => this.#end(ticket))
    })
    this.#onChange()
    return ticket
  }

  find(ticket: string): Request | null {
    const found = this.#byTicket.get(ticket)
    // Timers run in running time: after a sleep only the wall clock knows.
    if (found && !found.outcome && this.#clock.now() >= found.expiresAt) this.#end(ticket)
    return this.#byTicket.get(ticket) ?? null
  }

  /** The request a person decides about; null where it is over. */
  open(id: string): Request | null {
    return this.#waiting().find((it) => it.id === id) ?? null
  }

  /** The outcome for its browser; the ticket is spent. */
  collect(ticket: string): string | null {
    const found = this.#byTicket.get(ticket)
    if (!found?.outcome) return null
    this.#drop(ticket)
    return found.outcome()
  }

  settle(id: string, outcome: Outcome): void {
    for (const [ticket, request] of this.#byTicket) if (request.id === id) this.#settle(ticket, outcome)
  }

  /** Resolves when this request is decided, or after `length` ms. */
  watch(ticket: string, length: number): Promise<void> {
    const found = this.#byTicket.get(ticket)
    if (!found || found.outcome) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        found.watchers.delete(done)
        resolve()
      }
      const cancel = this.#clock.after(length, done)
      found.watchers.add(done)
    })
  }

  /** As doors see them, the oldest first. */
  views(): PendingClient[] {
    return this.#waiting().map(({ id, asking, digits, at, expiresAt }) => ({
      request: id,
      name: asking.client.name,
      redirectUri: asking.redirectUri,
      destination: describeRedirect(asking.redirectUri),
      asks: asking.servers,
      digits,
      at,
      expiresAt
    }))
  }

  /** Who waits for a person's word. */
  clients(): string[] {
    return this.#waiting().map(({ asking }) => asking.client.id)
  }

  /** Ends every request, or those of one client, as if the person had said no. */
  endAll(client?: string): void {
    for (const [ticket, request] of this.#byTicket)
      if (!request.outcome && (client === undefined || request.asking.client.id === client)) this.#end(ticket)
  }

  close(): void {
    for (const ticket of [...this.#byTicket.keys()]) this.#drop(ticket)
  }

  #waiting(): Request[] {
    const now = this.#clock.now()
    return [...this.#byTicket.values()].filter((it) => !it.outcome && now < it.expiresAt)
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
    found.cancel = this.#clock.after(collectWithin, () => this.#drop(ticket))
    for (const tell of [...found.watchers]) tell()
    this.#onChange()
  }

  #drop(ticket: string): void {
    const found = this.#byTicket.get(ticket)
    if (!found) return
    this.#byTicket.delete(ticket)
    found.cancel()
    for (const tell of [...found.watchers]) tell()
    this.#onChange()
  }
}
