// "Try the demo servers": starts the demo's authorization server and MCP servers in this process and adds them to the list.
// They are removed when the demo or the owner ends; what a killed owner left of them is removed at the next start.
import { createRequire } from 'node:module'
import type { Clock, Random } from '../base/clock.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { DemoUpstream } from '../demo/upstream.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { OAuth } from '../oauth/port.ts'
import type { Vault } from '../vault/vault.ts'
import { buildServer } from './newServer.ts'
import type { SignIns } from './signIns.ts'

/** Whether the package of the demo's authorization server is installed: packagers may leave it out. */
export const hasDemo: boolean = (() => {
  try {
    createRequire(import.meta.url).resolve('oidc-provider')
    return true
  } catch {
    return false
  }
})()

type Parts = {
  keeper: Keeper
  signIns: SignIns
  vault: Vault
  oauth: OAuth
  clock: Clock
  random: Random
  onChange(): void
}

/** Removes a demo server from the vault, with the client that it registered. */
async function forget({ vault, oauth }: Pick<Parts, 'vault' | 'oauth'>, id: string): Promise<void> {
  const grant = await vault.readGrant(id)
  if (grant) await oauth.forgetRegistration(grant)
  await vault.removeServer(id)
}

/** Removes the demo servers of an earlier owner that was killed. */
export async function clearLeftovers(parts: Pick<Parts, 'vault' | 'oauth'>): Promise<void> {
  for (const { config } of await parts.vault.servers()) if (config.demo) await forget(parts, config.id)
}

export class DemoServers {
  readonly #o: Parts
  #running: DemoUpstream | null = null
  /** The last start or stop; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: Parts) {
    this.#o = parts
  }

  isOn(): boolean {
    return this.#running !== null
  }

  /** Resolves with the servers' ids, also where they run already. @throws demoUnavailable, serverExists, portInUse */
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
    if (!hasDemo) throw new TokentrayError('demoUnavailable', 'This installation does not include the demo servers.')
    const { startDemoUpstream } = await import('../demo/upstream.ts')
    this.#running = await startDemoUpstream({ clock, random, accessTokenTtl: 60, endsAfter: 300, asksPerson: true })
    try {
      for (const { id, name, url } of this.#running.servers) {
        const given = { id: `demo-${id}`, name: `${name} (demo)`, url }
        const config = { ...buildServer(given, keeper.roster.configs(), clock.now()).config, demo: true as const }
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
      // A refresh that is under way would be stored for a server that no longer exists.
      keeper.dispatch(id, { type: 'paused' })
      await keeper.settled(id).catch(() => {}) // Rejects where the owner is ending, which stops refreshes too.
      await forget(this.#o, id)
      keeper.forget(id)
    }
    await this.#running?.stop()
    this.#running = null
    this.#o.onChange()
  }
}
