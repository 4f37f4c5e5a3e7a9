// All sign-ins under way: at most one for each server, and at most one in the browser for each authorization server.
// No browser is opened here: the caller (command line, window or page) does that, since only it knows where the person sits.
import { TokentrayError } from '../contract/errors.ts'
import {
  RunningSignIn,
  type ShownSignIn,
  type SignInParts,
  type SignInQueues,
  type SignInWay
} from './runningSignIn.ts'

export class SignIns {
  readonly #running = new Map<string, RunningSignIn>()
  readonly #queues: SignInQueues = new Map()
  readonly #parts: SignInParts

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  /**
   * Starts a sign-in, or joins the one this server already has. Resolves when the browser can be sent off, or with
   * `waitingFor` when another sign-in at the same issuer comes first; `ready` tells then when its turn has come.
   */
  async start(server: string, way?: SignInWay): Promise<ShownSignIn> {
    // A cancelled one may still be getting ready: whoever joined it would be told that the new sign-in was cancelled.
    const old = this.#find(server)
    if (old?.isCancelled) await old.finished.catch(() => {})
    const running = this.#find(server) ?? this.#add(server, way)
    await Promise.race([running.begun, running.queued])
    const shown = running.shown()
    return shown.waitingFor === undefined ? this.ready(running.id) : shown
  }

  /** Resolves when the browser can be sent off, however long others take before. */
  async ready(id: string): Promise<ShownSignIn> {
    const running = this.#get(id)
    await running.begun
    return running.shown()
  }

  /** Resolves with the server's id when the sign-in's grant is stored. */
  async wait(id: string): Promise<string> {
    const running = this.#get(id)
    await running.finished
    return running.server
  }

  /** Goes on as a client registered anew, for a page that does not know the client kept from an earlier sign-in. */
  async replaceClient(id: string): Promise<ShownSignIn> {
    await this.#get(id).replaceClient()
    return this.ready(id)
  }

  /** Takes the redirected URL as a person pasted it. @throws responseInvalid, clientReplaced: the sign-in goes on waiting */
  async paste(id: string, url: string): Promise<string> {
    const { begun } = this.#get(id)
    await (await begun).paste(url)
    return this.wait(id)
  }

  /** Resolves with the next notice after the first `seen` ones; null: the sign-in has ended. */
  async notice(id: string, seen: number): Promise<{ notice: string | null; seen: number }> {
    return this.#get(id).notice(seen)
  }

  cancel(id: string): void {
    this.#running.get(id)?.cancel()
  }

  /** Resolves when the one under way there, if any, has ended: one that is just being stored is past cancelling. */
  async cancelServer(server: string): Promise<void> {
    const running = this.#find(server)
    running?.cancel()
    await running?.finished.catch(() => {})
  }

  /** True while a person may be in the browser. */
  isBusy(): boolean {
    return [...this.#running.values()].some(({ isEnded }) => !isEnded)
  }

  /** The same, at a server other than `besides`. */
  isBusyBeside(besides: string): boolean {
    return [...this.#running.values()].some(({ isEnded, server }) => !isEnded && server !== besides)
  }

  /** Ends all of them; the grants that worked before still do. */
  async close(): Promise<void> {
    const all = [...this.#running.values()]
    for (const running of all) running.stop()
    await Promise.allSettled(all.map(({ finished }) => finished))
  }

  #find(server: string): RunningSignIn | undefined {
    return [...this.#running.values()].find((running) => running.server === server && !running.isEnded)
  }

  #get(id: string): RunningSignIn {
    const running = this.#running.get(id)
    if (!running) throw new TokentrayError('signInUnknown', 'This sign-in has ended. Start it again.')
    return running
  }

  #add(server: string, way: SignInWay): RunningSignIn {
    // An ended one is kept until the next, so that asking a moment too late still tells how it ended.
    for (const old of this.#running.values()) if (old.server === server) this.#running.delete(old.id)
    const running = new RunningSignIn(this.#parts, this.#queues, server, way)
    this.#running.set(running.id, running)
    return running
  }
}
