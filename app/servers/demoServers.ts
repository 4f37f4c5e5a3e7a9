// "Try the demo servers": the demo's authorization server and MCP servers in this process, added as servers like any other.
// They end with the demo or the owner, the vault's memory of them too; what a killed owner left is cleared at its next start.
import { createRequire } from 'node:module'
import type { Clock, Random } from '../base/clock.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { DemoUpstream } from '../demo/upstream.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { OAuth } from '../oauth/port.ts'
import type { Vault } from '../vault/vault.ts'
import { buildServer } from './newServer.ts'
import type { SignIns } from './signIns.ts'

/** Whether the package of the demo’s authorization server is installed here: a packager may leave it out. */
export const hasDemo: boolean = (() => {
  try {
    createRequire(import.meta.url).resolve('oidc-provider')
    return true
  } catch {
    return false
  }
})()

type Parts = { keeper: Keeper; signIns: SignIns; vault: Vault; oauth: OAuth; clock: Clock; random: Random }

/** Forgets a demo server in the vault, with the registration its grant was made with. */
async function forget({ vault, oauth }: Pick<Parts, 'vault' | 'oauth'>, id: string): Promise<void> {
  const grant = await vault.readGrant(id)
  if (grant) await oauth.forgetRegistration(grant)
  await vault.removeServer(id)
}

/** For an owner that starts: its predecessor was killed in the middle of a demo. */
export async function clearLeftovers(parts: Pick<Parts, 'vault' | 'oauth'>): Promise<void> {
  for (const { config } of await parts.vault.servers()) if (config.demo) await forget(parts, config.id)
}

export class DemoServers {
  readonly #o: Parts
  #running: DemoUpstream | null = null
  /** Starts and stops come one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: Parts) {
    this.#o = parts
  }

  isOn(): boolean {
    return this.#running !== null
  }

  /** Resolves with the ids; a second start finds them. @throws demoUnavailable, serverExists, portInUse */
  start(): Promise<string[]> {
    return this.#next(async () => {
      if (!this.#running) await this.#begin()
      return this.#ids()
    })
  }

  stop(): Promise<void> {
    return this.#next(() => this.#end())
  }

  #ids(): string[] {
    return this.#o.keeper.roster.all().flatMap(([id, { config }]) => (config.demo ? [id] : []))
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => {})
    return mine
  }

  async #begin(): Promise<void> {
    const { keeper, vault, clock, random } = this.#o
    if (!hasDemo) throw new TokentrayError('demoUnavailable', 'This installation comes without the demo servers.')
    const { startDemoUpstream } = await import('../demo/upstream.ts')
    this.#running = await startDemoUpstream({ clock, random, accessTokenTtl: 60, endsAfter: 300, asksPerson: true })
    try {
      for (const { id, name, url } of this.#running.servers) {
        const given = { id: `demo-${id}`, name: `${name} (demo)`, url }
        const config = { ...buildServer(given, keeper.roster.views(), clock.now()).config, demo: true as const }
        await vault.addServer(config, {})
        await keeper.load(config.id)
        keeper.record(config.id, 'added', 'Added')
      }
    } catch (error) {
      await this.#end()
      throw asTokentrayError(error)
    }
  }

  async #end(): Promise<void> {
    const { keeper, signIns } = this.#o
    for (const id of this.#ids()) {
      await signIns.cancelServer(id)
      // What is in flight would be stored for a server that is gone.
      keeper.dispatch(id, { type: 'paused' })
      await keeper.settled(id).catch(() => {}) // A drain has ended it.
      await forget(this.#o, id)
      keeper.forget(id)
    }
    await this.#running?.stop()
    this.#running = null
  }
}
