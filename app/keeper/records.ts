// What the keeper writes down behind its work: each server's health, history and proposals, one write after the other.
// A failure to do so is logged and harms nothing.
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { EventKind, HistoryEvent } from '../contract/views.ts'
import type { Vault } from '../vault/vault.ts'
import type { Entry } from './roster.ts'

type Options = { vault: Pick<Vault, 'appendEvent' | 'saveHealth' | 'saveProposals'>; clock: Clock; log: Log }

export class Records {
  readonly #o: Options

  constructor(options: Options) {
    this.#o = options
  }

  /** A line of history. */
  append(id: string, entry: Entry, kind: EventKind, detail: string, more: Partial<HistoryEvent>): void {
    const event: HistoryEvent = { at: this.#o.clock.now(), kind, fault: null, detail, expiresAt: null, ...more }
    entry.lastEvent = event
    entry.saving = entry.saving
      .then(() => this.#o.vault.appendEvent(id, event))
      .catch((error) => this.#o.log.error('the history could not be saved', error, { server: id }))
    this.#o.log.info(detail, { server: id, event: kind, fault: event.fault, expiresAt: event.expiresAt })
  }

  /** The newest health, behind whatever this server is storing already; one that is overtaken is not stored. */
  saveHealth(id: string, entry: Entry): void {
    const wanted = entry.health
    entry.saving = entry.saving
      .then(() => (entry.health === wanted ? this.#o.vault.saveHealth(id, wanted) : undefined))
      .catch((error) => this.#o.log.error('the health could not be saved', error, { server: id }))
  }

  /** What would cure the last sign-in: a person may come back to it when another owner runs. */
  saveProposals(id: string, entry: Entry): void {
    const wanted = entry.proposals
    entry.saving = entry.saving
      .then(() => (entry.proposals === wanted ? this.#o.vault.saveProposals(id, wanted) : undefined))
      .catch((error) => this.#o.log.error('what was proposed could not be saved', error, { server: id }))
  }
}
