// Sign-ins under way: at most one per server, each staged beside the old grant and swapped in only when it is stored.
// No browser is opened here: the door that asked opens it, since only it knows where the person sits.
import { randomUUID } from 'node:crypto'
import { asTokentrayError, TokentrayError } from './contract/errors.ts'
import type { Keeper } from './keeper.ts'
import type { Log } from './log.ts'
import type { OAuth, SignIn } from './oauth/port.ts'
import type { Grant, Vault } from './vault/vault.ts'

type Running = {
  id: string
  server: string
  abort: AbortController
  begun: Promise<SignIn>
  /** Resolves when the grant is stored; rejects with TokentrayError. */
  finished: Promise<void>
  ended: boolean
}

/** By device code: always, or where the server offers it. */
export type SignInWay = 'always' | 'offered' | undefined

export type SignInsOptions = {
  keeper: Keeper
  vault: Vault
  oauth: OAuth
  log: Log
  /** The grant there was before, when a sign-in has taken its place. */
  onReplaced?(server: string, old: Grant | null): void
}

export class SignIns {
  readonly #running = new Map<string, Running>()
  readonly #o: SignInsOptions

  constructor(options: SignInsOptions) {
    this.#o = options
  }

  /** Starts a sign-in, or joins the one this server already has. Resolves when the browser can be sent off. */
  async start(
    server: string,
    way?: SignInWay
  ): Promise<Pick<SignIn, 'url' | 'redirectUri' | 'device'> & { id: string }> {
    const running = this.#of(server) ?? this.#begin(server, way)
    const { url, redirectUri, device } = await running.begun
    return { id: running.id, url, redirectUri, device }
  }

  /** Resolves with the server's id when the sign-in's grant is stored. */
  async wait(id: string): Promise<string> {
    const running = this.#get(id)
    await running.finished
    return running.server
  }

  /** Takes the redirected URL as a person pasted it. @throws responseInvalid, and goes on waiting */
  async paste(id: string, url: string): Promise<string> {
    const running = this.#get(id)
    await (await running.begun).paste(url)
    return this.wait(id)
  }

  cancel(id: string): void {
    this.#running
      .get(id)
      ?.abort.abort(
        new TokentrayError(
          'signInCancelled',
          'The sign-in was cancelled, here or from another door; what was there before still works.'
        )
      )
  }

  cancelServer(server: string): void {
    const running = this.#of(server)
    if (running) this.cancel(running.id)
  }

  /** True while a person may be in the browser. */
  isBusy(): boolean {
    return [...this.#running.values()].some(({ ended }) => !ended)
  }

  /** The same, at a server other than `besides`. */
  isBusyBeside(besides: string): boolean {
    return [...this.#running.values()].some(({ ended, server }) => !ended && server !== besides)
  }

  /** Ends all of them; the old grants were never touched. */
  async close(): Promise<void> {
    const all = [...this.#running.values()]
    for (const { id } of all) this.cancel(id)
    await Promise.allSettled(all.map(({ finished }) => finished))
  }

  #of(server: string): Running | undefined {
    return [...this.#running.values()].find((running) => running.server === server && !running.ended)
  }

  #get(id: string): Running {
    const running = this.#running.get(id)
    if (!running) throw new TokentrayError('signInUnknown', 'This sign-in has ended; start it again.')
    return running
  }

  #begin(server: string, way: SignInWay): Running {
    const { keeper, vault, oauth } = this.#o
    // An ended one is kept until the next, for whoever asks how it ended a moment too late.
    for (const old of this.#running.values()) if (old.server === server) this.#running.delete(old.id)
    const id = randomUUID()
    const abort = new AbortController()
    keeper.dispatch(server, { type: 'signInStarted' })
    keeper.propose(server, [])
    keeper.setSignIn(server, { id, url: null, redirectUri: null, device: null })
    const begun = (async () => {
      const signIn = await oauth.beginSignIn(keeper.roster.config(server), {
        clientSecret: await vault.clientSecret(server),
        onStep: (step) => keeper.dispatch(server, { type: 'signInStep', step }),
        signal: abort.signal,
        device: way,
        isProfile: keeper.roster
          .views()
          .some(({ id, url }) => id !== server && url === keeper.roster.config(server).url)
      })
      abort.signal.addEventListener('abort', () => signIn.cancel(), { once: true })
      // Cancelled while it was getting ready: nobody would tell it again.
      if (abort.signal.aborted) signIn.cancel()
      const { url, redirectUri, device } = signIn
      keeper.setSignIn(server, { id, url, redirectUri, device })
      return signIn
    })()
    const finished = this.#finish(server, begun).finally(() => {
      running.ended = true
      keeper.setSignIn(server, null)
    })
    finished.catch(() => {}) // whoever waits hears of it; nobody need be waiting
    const running: Running = { id, server, abort, begun, finished, ended: false }
    this.#running.set(id, running)
    return running
  }

  /** A label only: where it cannot be noted, the sign-in stands all the same. */
  async #noteAccount(server: string, account: string | undefined): Promise<void> {
    const { keeper, vault, log } = this.#o
    const config = keeper.roster.config(server)
    if (account === undefined || account === config.account) return
    const named = { ...config, account }
    try {
      await vault.updateServer(named)
      keeper.setConfig(named)
    } catch (error) {
      log.error("the account's name could not be noted", error, { server })
    }
  }

  async #finish(server: string, begun: Promise<SignIn>): Promise<void> {
    const { keeper, vault, log } = this.#o
    try {
      const grant = await (await begun).grant
      keeper.dispatch(server, { type: 'signInStep', step: 'store' })
      // Removed while the person was in the browser: there is nothing to store it under.
      if (!keeper.roster.has(server))
        throw new TokentrayError('serverUnknown', `The server "${server}" was removed meanwhile.`)
      const old = await vault.readGrant(server)
      await vault.commitSignIn(server, grant)
      await this.#noteAccount(server, grant.account)
      await keeper.signedIn(server)
      this.#o.onReplaced?.(server, old)
    } catch (error) {
      const known = asTokentrayError(error)
      if (known.code === 'unexpected') log.error('a sign-in ended unexpectedly', error, { server })
      keeper.propose(server, known.proposals)
      keeper.dispatch(server, { type: 'signInEnded' })
      keeper.record(server, 'signInFailed', known.message)
      throw known
    }
  }
}
