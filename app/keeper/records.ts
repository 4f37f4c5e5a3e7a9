// The keeper's writes about a server beside its tokens: health, history and proposals, one after the other.
// A write that fails is logged and stops nothing: no token is lost with it.
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { EventKind, HistoryEvent } from '../contract/views.ts'
import type { Vault } from '../vault/vault.ts'
import type { Entry } from './roster.ts'

type Options = { vault: Pick<Vault, 'appendEvent' | 'saveHealth' | 'saveProposals'>; clock: Clock; log: Log }

/**
 * Does `write` once everything that is being written about this server is written, so that an older health never
 * overwrites a newer one. Whoever waits for `entry.saving` waits for it too.
 */
export function writeInTurn<T>(entry: Pick<Entry, 'saving'>, write: () => Promise<T>): Promise<T> {
  const written = (entry.saving ?? Promise.resolve()).then(write)
  const done = () => {
    if (entry.saving === end) entry.saving = null
  }
  const end = written.then(done, done)
  entry.saving = end
  return written
}

export class Records {
  readonly #o: Options

  constructor(options: Options) {
    this.#o = options
  }

  /** Stores a line of history and logs it. */
  append(id: string, entry: Entry, kind: EventKind, detail: string, more: Partial<HistoryEvent>): void {
    const event: HistoryEvent = { at: this.#o.clock.now(), kind, fault: null, detail, expiresAt: null, ...more }
    this.note(id, entry, event)
    writeInTurn(entry, () => this.#o.vault.appendEvent(id, event)).catch((error) =>
      this.#o.log.error('the history could not be saved', error, { server: id })
    )
  }

  /** Logs a line of history that is stored already, and shows it. */
  note(id: string, entry: Entry, event: HistoryEvent): void {
    const { kind, detail, fault, expiresAt } = event
    entry.lastEvent = event
    this.#o.log.info(detail, { server: id, event: kind, fault, expiresAt })
  }

  /** Stores the health; one that was overtaken meanwhile is not stored. */
  saveHealth(id: string, entry: Entry): void {
    const wanted = entry.health
    writeInTurn(entry, async () => {
      if (entry.health === wanted) await this.#o.vault.saveHealth(id, wanted)
    }).catch((error) => this.#o.log.error('the health could not be saved', error, { server: id }))
  }

  /** Stores what would cure the last sign-in: a person may come back to it when another owner runs. */
  saveProposals(id: string, entry: Entry): void {
    const wanted = entry.proposals
    writeInTurn(entry, async () => {
      if (entry.proposals === wanted) await this.#o.vault.saveProposals(id, wanted)
    }).catch((error) => this.#o.log.error('the proposals could not be saved', error, { server: id }))
  }
}
