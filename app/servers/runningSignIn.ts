// One sign-in under way at one server: what a person is shown of it, its turn in the browser, and how it ends.
// The grant that works today is replaced only once the new one is stored, so a sign-in that fails takes nothing away.
import { randomUUID } from 'node:crypto'
import { onAbort, unlessAborted } from '../base/abort.ts'
import type { Log } from '../base/log.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { ServerView } from '../contract/views.ts'
import { isClientForgotten } from '../health/questions.ts'
import { sayCancelled } from '../health/words.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { Grant } from '../oauth/grant.ts'
import type { OAuth, SignIn } from '../oauth/port.ts'
import type { Vault } from '../vault/vault.ts'
import { dropRefusedScopes, noteOutcome } from './signInOutcome.ts'
import { checkSites, otherSiteOf } from './siteCheck.ts'

export type SignInParts = {
  keeper: Keeper
  vault: Vault
  oauth: OAuth
  log: Log
  /** Told when a sign-in's grant is stored, with the grant that it replaced. */
  onReplaced?(server: string, old: Grant | null): void
  /** Told after that, when the server's health knows it too; the sign-in ends when it resolves. */
  onSignedIn?(server: string, signal: AbortSignal): Promise<void>
}

/** By device code: always, or where the server offers it; undefined: only where it offers nothing else. */
export type SignInWay = 'always' | 'offered' | undefined

/** By issuer, in the order they came: the first is in the browser. */
export type SignInQueues = Map<string, RunningSignIn[]>

/** What a person can go on with, and what keeps it from being there yet. */
export type ShownSignIn = Pick<SignIn, 'url' | 'redirectUri' | 'device'> & {
  id: string
  /** The server whose sign-in at the same issuer is in the browser. */
  waitingFor?: string
  /** The host of the authorization server, where it is of another site than the server. */
  otherSite?: string
  /** On a response that arrived and was not acted on. */
  notice?: string
  /** The client was registered earlier, so the server's page may not know it any more. */
  keptClient?: true
}

export class RunningSignIn {
  readonly id = randomUUID()
  readonly server: string
  /** Resolves when there is an address, a code, or nothing left for a person to do. */
  readonly begun: Promise<SignIn>
  /** Resolves with the first wait for another sign-in; never where none comes before. */
  readonly queued: Promise<void>
  /** Resolves when the grant is stored; rejects with TokentrayError. */
  readonly finished: Promise<void>
  isEnded = false
  readonly #parts: SignInParts
  readonly #queues: SignInQueues
  readonly #abort = new AbortController()
  readonly #queued = Promise.withResolvers<void>()
  /** Resolves when this sign-in leaves the queue it is in. */
  #left = Promise.withResolvers<void>()
  #signIn: SignIn | null = null
  #waitingFor: string | null = null
  readonly #notices: string[] = []
  #noticed = Promise.withResolvers<void>()
  #otherSite: string | undefined

  constructor(parts: SignInParts, queues: SignInQueues, server: string, way: SignInWay) {
    this.#parts = parts
    this.#queues = queues
    this.server = server
    this.queued = this.#queued.promise
    const { keeper } = parts
    keeper.dispatch(server, { type: 'signInStarted' })
    keeper.propose(server, [])
    this.#show()
    this.begun = this.#begin(way).catch((error) => Promise.reject(this.#reasonFor(error)))
    this.finished = this.#finish(keeper.roster.config(server).addedScope).finally(() => {
      this.isEnded = true
      this.#leaveQueue()
      keeper.setSignIn(server, null)
    })
    this.finished.catch(() => {}) // Whoever waits is told; there may be nobody.
  }

  get isCancelled(): boolean {
    return this.#abort.signal.aborted
  }

  shown(): ShownSignIn {
    const notice = this.#notices.at(-1)
    const { url = null, redirectUri = null, device = null, replaceClient = null } = this.#signIn ?? {}
    return {
      ...{ id: this.id, url, redirectUri, device },
      ...(this.#waitingFor !== null && { waitingFor: this.#waitingFor }),
      ...(this.#otherSite !== undefined && { otherSite: this.#otherSite }),
      ...(notice !== undefined && { notice }),
      ...(replaceClient && { keptClient: true })
    }
  }

  /** Resolves with the next notice after the first `seen` ones; null: the sign-in has ended. */
  async notice(seen: number): Promise<{ notice: string | null; seen: number }> {
    while (this.#notices.length <= seen && !this.isEnded)
      await Promise.race([this.#noticed.promise, this.finished.catch(() => {})])
    const notice = this.#notices[seen]
    return notice === undefined ? { notice: null, seen } : { notice, seen: seen + 1 }
  }

  /** Goes on as a client registered anew, where the one at hand was kept from an earlier sign-in. */
  async replaceClient(): Promise<void> {
    await this.begun
    await this.#signIn?.replaceClient?.()
  }

  cancel(): void {
    const hadTokens = Boolean(this.#parts.keeper.roster.find(this.server)?.shape)
    this.#abort.abort(new TokentrayError('signInCancelled', sayCancelled(hadTokens)))
  }

  /** For an owner that ends. Where no person was sent off yet, the next owner can be asked for the same sign-in. */
  stop(): void {
    if (!this.#signIn)
      this.#abort.abort(new TokentrayError('ownerStopping', 'Tokentray is shutting down. Try again in a moment.'))
    else this.cancel()
  }

  async #begin(way: SignInWay): Promise<SignIn> {
    const { keeper, vault, oauth } = this.#parts
    const { server } = this
    const { signal } = this.#abort
    const signIn = await oauth.beginSignIn(keeper.roster.config(server), {
      clientSecret: await vault.clientSecret(server),
      onStep: (step) => keeper.dispatch(server, { type: 'signInStep', step }),
      signal,
      device: way,
      checkEndpoints: (endpoints) => {
        checkSites(keeper.roster, server, endpoints)
        this.#otherSite = otherSiteOf(keeper.roster.config(server), endpoints)
      },
      turn: (issuer) => this.#waitTurn(issuer),
      onReplaced: (url) => this.#goOnAt(url),
      grantIssuer: keeper.roster.get(server).shape?.issuer,
      onStray: (sentence) => {
        this.#notices.push(sentence)
        this.#noticed.resolve()
        this.#noticed = Promise.withResolvers<void>()
        this.#show()
      },
      onAskedAgain: (url) => {
        if (this.#signIn) this.#signIn = { ...this.#signIn, url }
        this.#show()
      },
      isClientDead: isClientForgotten(keeper.roster.health(server)),
      isProfile: keeper.roster
        .views()
        .some((other) => other.id !== server && isPersonAt(other, keeper.roster.config(server).url))
    })
    onAbort(signal, () => signIn.cancel())
    // Cancelled while it was getting ready: the listener above hears nothing of that.
    if (signal.aborted) signIn.cancel()
    this.#signIn = signIn
    this.#show()
    return signIn
  }

  async #finish(askedScope: string | undefined): Promise<void> {
    const { server } = this
    const { keeper, vault, log, onReplaced, onSignedIn } = this.#parts
    try {
      const { grant: granting } = await this.begun
      const grant = await granting.catch((error: unknown) => Promise.reject(this.#reasonFor(error)))
      keeper.dispatch(server, { type: 'signInStep', step: 'store' })
      // Removed while the person was in the browser: there is nothing to store it under.
      if (!keeper.roster.has(server))
        throw new TokentrayError('serverUnknown', `The server "${server}" was removed during the sign-in.`)
      const old = await vault.readGrant(server)
      await vault.commitSignIn(server, grant)
      await noteOutcome(this.#parts, server, grant, askedScope)
      await keeper.signedIn(server)
      onReplaced?.(server, old)
      await onSignedIn?.(server, this.#abort.signal)
    } catch (error) {
      const known = await dropRefusedScopes(this.#parts, server, asTokentrayError(error), askedScope)
      if (known.code === 'unexpected') log.error('a sign-in ended unexpectedly', error, { server })
      keeper.propose(server, known.proposals)
      keeper.dispatch(server, { type: 'signInEnded' })
      // No failure to remember: the owner ended before a person was sent off, and the next owner is asked again.
      if (known.code !== 'ownerStopping')
        keeper.record(server, 'signInFailed', known.message, {
          // Signing in again cannot mend a client that a person gave.
          fault: known.code === 'clientRefused' && isOwnClient(keeper, server) ? 'misconfigured' : null
        })
      throw known
    }
  }

  /** Waits until this is the first of its issuer's queue, and no longer in another one's; rejects as soon as it is cancelled. */
  async #waitTurn(issuer: string): Promise<void> {
    this.#leaveQueue()
    const queue = this.#queues.get(issuer) ?? []
    this.#queues.set(issuer, queue)
    queue.push(this)
    for (let first = queue[0]; first && first !== this; first = queue[0]) {
      this.#waitingFor = first.server
      this.#show()
      this.#queued.resolve()
      const { promise } = first.#left
      await unlessAborted(this.#abort.signal, () => promise)
      this.#abort.signal.throwIfAborted()
    }
    this.#waitingFor = null
    this.#show()
  }

  #leaveQueue(): void {
    for (const [issuer, queue] of this.#queues) {
      const at = queue.indexOf(this)
      if (at >= 0) queue.splice(at, 1)
      if (queue.length === 0) this.#queues.delete(issuer)
    }
    this.#left.resolve()
    this.#left = Promise.withResolvers()
  }

  /** A new client took the place of the kept one: the person goes on at its address. */
  #goOnAt(url: string): void {
    if (this.#signIn) this.#signIn = { ...this.#signIn, url, replaceClient: null }
    this.#show()
    const said = 'The server no longer accepted the registered client, so the sign-in continued with a new one.'
    this.#parts.keeper.record(this.server, 'settingsChanged', said)
  }

  #show(): void {
    this.#parts.keeper.setSignIn(this.server, this.shown())
  }

  /** Whoever aborted says why; what broke off on the way only says that it did. */
  #reasonFor(error: unknown): unknown {
    return this.#abort.signal.aborted ? this.#abort.signal.reason : error
  }
}

const isOwnClient = ({ roster }: Keeper, server: string) => roster.find(server)?.config.clientId !== undefined

/** True where a person may be signed in at `address`: not as a client of its own, by a given token, or passed through. */
const isPersonAt = ({ url, grantKind, mode }: ServerView, address: string) =>
  url === address && grantKind === 'authorizationCode' && mode === 'token'
