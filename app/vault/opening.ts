// The vault before it is open: the attempts to open it, why the last one failed, and what a person can do about it.
// One attempt at a time, and none opens the vault any more after close().
import { existsSync } from 'node:fs'
import { Secret } from '../base/secret.ts'
import { asTokentrayError, type ErrorCode, TokentrayError } from '../contract/errors.ts'
import type { VaultView } from '../contract/views.ts'
import type { Backup } from './backups.ts'
import { type OpenOptions, openVault } from './open.ts'
import { goodBackups, restoreBackup, setAside } from './recovery.ts'
import { readSidecar, sidecarPath } from './sidecar.ts'
import { type Unlocking, unlockOptions } from './unlock.ts'
import type { Vault } from './vault.ts'

export type ClosedState = Exclude<VaultView['state'], 'open'>
type Offers = NonNullable<VaultView['offers']>

/** The state that an error of opening stands for. */
const states: { [C in ErrorCode]?: ClosedState } = {
  keychainLocked: 'locked',
  passphraseNeeded: 'locked',
  passphraseWrong: 'locked',
  vaultKeyMissing: 'keyMissing',
  vaultKeyWrong: 'keyMissing',
  vaultDamaged: 'damaged',
  vaultFromFuture: 'fromFuture'
}
const nothing: Offers = { unlock: null, retry: false, restore: null, reset: false }

export type OpeningOptions = {
  unlocking: Unlocking
  notice: (sentence: string) => void
  /** Takes the open vault; where it rejects, the vault is closed again and its error is the state. */
  use: (vault: Vault) => Promise<void>
  onChange: () => void
  /** Replaced by tests. */
  open?: (options: OpenOptions) => Promise<Vault>
}

export class VaultOpening {
  readonly #o: OpeningOptions
  readonly #options: OpenOptions
  readonly #stopping = new AbortController()
  #state: ClosedState | 'open' = 'keychainWaiting'
  #error = new TokentrayError('keychainUnanswered', 'The vault is opening. Try again in a moment.')
  #offers = nothing
  #keySource: VaultView['keySource'] = null
  /** The newest sound backup, as long as it is on offer. */
  #backup: Backup | null = null
  /** As a person typed it, and right: where the vault is damaged, its backup needs it once more. */
  #typed: Secret | null = null
  #running: Promise<void> | null = null
  #onWaiting = () => {}

  /** Throws `passphraseNeeded` where the environment names a passphrase that cannot be had. */
  constructor(o: OpeningOptions) {
    this.#o = o
    this.#options = unlockOptions(o.unlocking, {
      notice: o.notice,
      onWaiting: () => this.#keychainWaits(),
      signal: this.#stopping.signal
    })
  }

  get path(): string {
    return this.#options.path
  }

  /** What opening failed with last. */
  get error(): TokentrayError {
    return this.#error
  }

  /** The vault as it is seen until it is open. */
  view(): VaultView {
    const { code, message } = this.#error
    return {
      state: this.#state,
      path: this.path,
      keySource: this.#keySource,
      message,
      errorCode: code,
      offers: this.#offers
    }
  }

  /**
   * The first try, which may ask on the terminal. Resolves when the vault is open, or with `standBy` as soon as the
   * keychain waits for a person: the try then goes on behind. Rejects with what it failed with, the state from then on.
   */
  begin(standBy: boolean): Promise<void> {
    return this.#start(() => this.#open(this.#options), standBy)
  }

  /** Opens the vault with a passphrase, or a new vault with one just chosen. @throws passphraseWrong, inputInvalid */
  unlock(passphrase: string): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#offers.unlock === null) throw refusal('the vault does not need a passphrase now')
      const typed = new Secret(passphrase)
      await this.#start(() => this.#open(this.#optionsWith(typed), typed))
    })
  }

  retry(): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#state !== 'open') await this.#openAgain()
    })
  }

  /** Opens the newest sound backup in the vault's place. @returns the backup's path */
  restore(): Promise<string> {
    return this.#exclusively(async () => {
      const backup = this.#backup
      if (!backup) throw refusal('there is no intact backup')
      await this.#start(async () => {
        await restoreBackup(this.#optionsWith(this.#typed), backup)
        await this.#open(this.#optionsWith(this.#typed))
      })
      return backup.path
    })
  }

  /** Sets the vault aside and starts a new one. @returns where the old one is now */
  reset(): Promise<string> {
    return this.#exclusively(async () => {
      if (!this.#offers.reset) throw refusal('this vault does not need a reset')
      const keptAs = setAside(this.path, this.#o.unlocking.clock)
      this.#typed = null
      // That the new one does not open at once is no failure of the reset: the state tells it.
      await this.#openAgain().catch(() => {})
      return keptAs
    })
  }

  /** Gives up whatever is being tried, and waits until nothing can be opened by it any more. */
  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#running?.catch(() => {})
  }

  /** No later try asks on the terminal: whoever started it sits elsewhere. */
  #optionsWith(typed: Secret | null): OpenOptions {
    const { ask: _, ...options } = this.#options
    return typed ? { ...options, passphrase: typed } : options
  }

  #openAgain(): Promise<void> {
    return this.#start(() => this.#open(this.#optionsWith(this.#typed)))
  }

  /** Runs `work` after the try under way; one that waits for a person itself is not waited for. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running) {
      if (this.#state === 'keychainWaiting' && this.#error.code === 'keychainLocked') throw this.#error
      await this.#running.catch(() => {})
    }
    this.#stopping.signal.throwIfAborted()
    return work()
  }

  #start(work: () => Promise<void>, standBy = true): Promise<void> {
    const waits = Promise.withResolvers<void>()
    this.#onWaiting = standBy ? waits.resolve : () => {}
    const running = work().finally(() => {
      this.#running = null
    })
    this.#running = running
    return Promise.race([running, waits.promise])
  }

  #keychainWaits(): void {
    const message = 'The keychain is waiting for you to unlock it.'
    this.#set('keychainWaiting', new TokentrayError('keychainLocked', message), nothing)
    this.#onWaiting()
  }

  /** `typed`: the passphrase given with this try; a wrong one leaves the state as it was. */
  async #open(options: OpenOptions, typed = this.#typed): Promise<void> {
    let vault: Vault | null = null
    try {
      vault = await (this.#o.open ?? openVault)(options)
      this.#stopping.signal.throwIfAborted()
      await this.#o.use(vault)
      this.#backup = null
      this.#typed = null
      this.#offers = nothing
      this.#state = 'open'
      this.#o.onChange()
    } catch (error) {
      await vault?.close()
      const known = asTokentrayError(error)
      // There is nobody left to see a state.
      if (this.#stopping.signal.aborted) throw error
      if (typed && known.code === 'passphraseWrong') throw error
      this.#typed = typed
      await this.#fail(known, options)
      throw error
    }
  }

  async #fail(error: TokentrayError, options: OpenOptions): Promise<void> {
    const { code } = error
    const state = states[code] ?? 'unavailable'
    const { isNew, keySource } = this.#inspectFiles()
    this.#keySource = keySource
    this.#backup = code === 'vaultDamaged' ? await newestBackup(options) : null
    const isByPassphrase = code === 'passphraseNeeded' || code === 'passphraseWrong'
    const hasNoKeychain = code === 'keychainMissing' || code === 'keychainUnanswered'
    this.#set(state, error, {
      unlock: isByPassphrase ? (isNew ? 'new' : 'existing') : isNew && hasNoKeychain ? 'new' : null,
      retry: !isByPassphrase,
      restore: this.#backup && { path: this.#backup.path, at: timeOf(this.#backup) },
      reset: state === 'keyMissing' || state === 'damaged' || (isByPassphrase && !isNew)
    })
  }

  #inspectFiles(): { isNew: boolean; keySource: VaultView['keySource'] } {
    const isNew = !existsSync(this.path) && !existsSync(sidecarPath(this.path)) && !existsSync(`${this.path}-wal`)
    try {
      return { isNew, keySource: readSidecar(this.path)?.keySource ?? null }
    } catch {
      return { isNew, keySource: null }
    }
  }

  #set(state: ClosedState, error: TokentrayError, offers: Offers): void {
    this.#state = state
    this.#error = error
    this.#offers = offers
    this.#o.onChange()
  }
}

function refusal(why: string): TokentrayError {
  return new TokentrayError('inputInvalid', `Nothing was changed: ${why}.`)
}

async function newestBackup(options: OpenOptions): Promise<Backup | null> {
  try {
    const [newest] = await goodBackups(options)
    return newest ?? null
  } catch {
    return null // Without the key no backup can be judged, so none is offered.
  }
}

/** ms since the epoch. */
function timeOf({ madeAt }: Backup): number {
  return Date.parse(madeAt.replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:'))
}
