// Sign-ins under way: one per server, and in a browser one per issuer; the old grant stays until the new one is stored.
// No browser is opened here: the door that asked opens it, since only it knows where the person sits.
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
import { dropRefused, noteFound } from './signInOutcome.ts'

type Running = {
  id: string
  server: string
  abort: AbortController
  begun: Promise<SignIn>
  /** Resolves when the grant is stored; rejects with TokentrayError. */
  finished: Promise<void>
  ended: boolean
  /** Resolves when it waits for another sign-in, if ever it does. */
  queued: Promise<void>
  /** True from when there is an address or a code for a person to go on with. */
  isShown: boolean
  /** The server whose sign-in at the same issuer is in the browser. */
  waitingFor: string | undefined
}

/** True where a person may be signed in at `address`: a client of its own, a token given and a pass-through are no account. */
const isPersonAt = ({ url, grantKind, mode }: ServerView, address: string) =>
  url === address && grantKind === 'authorizationCode' && mode === 'token'

type Started = Pick<SignIn, 'url' | 'redirectUri' | 'device'> & {
  id: string
  waitingFor?: string
  keptClient?: true
}

const nothingYet = { url: null, redirectUri: null, device: null }

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
  /** By issuer, in the order they came: the first is in the browser. */
  readonly #queues = new Map<string, Running[]>()
  readonly #o: SignInsOptions

  constructor(options: SignInsOptions) {
    this.#o = options
  }

  /**
   * Starts a sign-in, or joins the one this server already has. Resolves when the browser can be sent off, or with
   * `waitingFor` when another sign-in at the same issuer comes first; `ready` tells then when its turn has come.
   */
  async start(server: string, way?: SignInWay): Promise<Started> {
    // One that was cancelled is not joined: it may still be getting ready, and would be told as this one's end.
    const old = this.#of(server)
    if (old?.abort.signal.aborted) await old.finished.catch(() => {})
    const running = this.#of(server) ?? this.#begin(server, way)
    await Promise.race([running.begun, running.queued])
    const { id, waitingFor } = running
    return waitingFor === undefined ? this.ready(id) : { id, ...nothingYet, waitingFor }
  }

  /** Resolves when the browser can be sent off, however long others take before. */
  async ready(id: string): Promise<Started> {
    const { url, redirectUri, device, replaceClient } = await this.#get(id).begun
    return { id, url, redirectUri, device, ...(replaceClient && { keptClient: true }) }
  }

  /** Resolves with the server's id when the sign-in's grant is stored. */
  async wait(id: string): Promise<string> {
    const running = this.#get(id)
    await running.finished
    return running.server
  }

  /** Goes on as a client registered anew, where the one at hand was kept from before: its page may not know it any more. */
  async replaceClient(id: string): Promise<Started> {
    await (await this.#get(id).begun).replaceClient?.()
    return this.ready(id)
  }

  /** Takes the redirected URL as a person pasted it. @throws responseInvalid, clientReplaced, and goes on waiting */
  async paste(id: string, url: string): Promise<string> {
    const running = this.#get(id)
    await (await running.begun).paste(url)
    return this.wait(id)
  }

  cancel(id: string): void {
    const running = this.#running.get(id)
    if (!running) return
    const hadTokens = Boolean(this.#o.keeper.roster.find(running.server)?.shape)
    running.abort.abort(new TokentrayError('signInCancelled', sayCancelled(hadTokens)))
  }

  /** Resolves when the one under way there, if any, has ended: one that is just being stored is past cancelling. */
  async cancelServer(server: string): Promise<void> {
    const running = this.#of(server)
    if (!running) return
    this.cancel(running.id)
    await running.finished.catch(() => {})
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
    // Nobody was sent off yet: such a sign-in can be asked for again, of the next owner.
    for (const { isShown, abort } of all)
      if (!isShown) abort.abort(new TokentrayError('ownerStopping', 'Tokentray is just ending; try again.'))
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
    keeper.setSignIn(server, { id, ...nothingYet })
    const queued = Promise.withResolvers<void>()
    const begun = (async () => {
      const signIn = await oauth.beginSignIn(keeper.roster.config(server), {
        clientSecret: await vault.clientSecret(server),
        onStep: (step) => keeper.dispatch(server, { type: 'signInStep', step }),
        signal: abort.signal,
        device: way,
        turn: (issuer) => this.#turn(running, issuer, queued.resolve),
        onReplaced: (url) => this.#replaced(running, url),
        isClientDead: isClientForgotten(keeper.roster.health(server)),
        isProfile: keeper.roster
          .views()
          .some((other) => other.id !== server && isPersonAt(other, keeper.roster.config(server).url))
      })
      onAbort(abort.signal, () => signIn.cancel())
      // Cancelled while it was getting ready: nobody would tell it again.
      if (abort.signal.aborted) signIn.cancel()
      const { url, redirectUri, device, replaceClient } = signIn
      keeper.setSignIn(server, { id, url, redirectUri, device, ...(replaceClient && { keptClient: true }) })
      return signIn
    })().catch((error) => {
      // Who aborted says why; what broke off on the way only says that it did.
      throw abort.signal.aborted ? abort.signal.reason : error
    })
    const finished = this.#finish(server, begun, abort.signal, keeper.roster.config(server).addedScope).finally(() => {
      running.ended = true
      this.#leave(running)
      keeper.setSignIn(server, null)
    })
    finished.catch(() => {}) // whoever waits hears of it; nobody need be waiting
    const running: Running = {
      id,
      server,
      abort,
      begun,
      finished,
      ended: false,
      isShown: false,
      queued: queued.promise,
      waitingFor: undefined
    }
    this.#running.set(id, running)
    begun.then(
      () => {
        running.isShown = true
      },
      () => {}
    )
    return running
  }

  #replaced(running: Running, url: string): void {
    const { keeper } = this.#o
    const { id, server, begun } = running
    running.begun = begun.then((signIn) => {
      const { redirectUri, device } = signIn
      keeper.setSignIn(server, { id, url, redirectUri, device })
      return { ...signIn, url, replaceClient: null }
    })
    const said = 'The server did not take the client registered earlier any more; the sign-in went on as a new one.'
    keeper.record(server, 'settingsChanged', said)
  }

  /** Waits until this is the first of its issuer's queue; rejects as soon as it is cancelled. */
  async #turn(running: Running, issuer: string, onQueued: () => void): Promise<void> {
    const { id, server, abort } = running
    const queue = this.#queues.get(issuer) ?? []
    this.#queues.set(issuer, queue)
    queue.push(running)
    for (let first = queue[0]; first && first !== running; first = queue[0]) {
      running.waitingFor = first.server
      this.#o.keeper.setSignIn(server, { id, ...nothingYet, waitingFor: first.server })
      onQueued()
      const { finished } = first
      await unlessAborted(abort.signal, () => finished.catch(() => {}))
      abort.signal.throwIfAborted()
    }
    running.waitingFor = undefined
    this.#o.keeper.setSignIn(server, { id, ...nothingYet })
  }

  #leave(running: Running): void {
    for (const [issuer, queue] of this.#queues) {
      const left = queue.indexOf(running)
      if (left >= 0) queue.splice(left, 1)
      if (queue.length === 0) this.#queues.delete(issuer)
    }
  }

  async #finish(server: string, begun: Promise<SignIn>, signal: AbortSignal, asked: string | undefined): Promise<void> {
    const { keeper, vault, log } = this.#o
    try {
      const grant = await (await begun).grant.catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error
      })
      keeper.dispatch(server, { type: 'signInStep', step: 'store' })
      // Removed while the person was in the browser: there is nothing to store it under.
      if (!keeper.roster.has(server))
        throw new TokentrayError('serverUnknown', `The server "${server}" was removed meanwhile.`)
      const old = await vault.readGrant(server)
      await vault.commitSignIn(server, grant)
      await noteFound(this.#o, server, grant, asked)
      await keeper.signedIn(server)
      this.#o.onReplaced?.(server, old)
    } catch (error) {
      const known = await dropRefused(this.#o, server, asTokentrayError(error), asked)
      if (known.code === 'unexpected') log.error('a sign-in ended unexpectedly', error, { server })
      keeper.propose(server, known.proposals)
      keeper.dispatch(server, { type: 'signInEnded' })
      // It was only waiting, and whoever asked for it asks again.
      if (known.code !== 'ownerStopping') keeper.record(server, 'signInFailed', known.message)
      throw known
    }
  }
}
