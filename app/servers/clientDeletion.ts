// Deletes a registered client at its authorization server (RFC 7592) once no grant uses it any more.
// MCP servers behind one issuer share a client: deleting it while one of them uses it would end that sign-in too.
import { withTimeout } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { RequestShape } from '../oauth/grant.ts'
import type { OAuth } from '../oauth/port.ts'
import type { Vault } from '../vault/vault.ts'

export type ClientDeletionOptions = {
  vault: Vault
  oauth: OAuth
  clock: Clock
  log: Log
  /** Whether a sign-in is under way at a server other than this one: it may be using the same client. */
  isSigningIn(besides: string): boolean
}

type ClientOf = Pick<RequestShape, 'issuer' | 'clientId' | 'registration'>

const deletionTimeoutMs = 15_000

export class ClientDeletion {
  readonly #o: ClientDeletionOptions
  readonly #pending = new Set<Promise<unknown>>()

  constructor(options: ClientDeletionOptions) {
    this.#o = options
  }

  /**
   * Forgets the registration of this server's client, so that the next sign-in registers a new one; the grant stays.
   * `works`: its token is still in use, so the client is not deleted yet. Resolves with the result in words. Rejects where the
   * vault cannot be written.
   */
  async forgetRegistration(server: ServerConfig, { works }: { works: boolean }): Promise<string> {
    const { vault, oauth } = this.#o
    const grant = await vault.readGrant(server.id)
    if (grant?.shape.registration !== 'dynamic') return 'There was no registration to delete.'
    await oauth.forgetRegistration(grant)
    const said = 'Registration deleted here. The next sign-in registers a new client.'
    return `${said} ${await this.#delete(grant.shape, server, works)}`
  }

  /**
   * Call it when a grant was replaced or removed. `withServer`: the server was removed too, and `server` is its last settings.
   * Resolves with a sentence for the person, or null: the client stays in use, or is none that can be deleted. Never rejects.
   */
  grantEnded(shape: ClientOf | null, server: ServerConfig, withServer: boolean): Promise<string | null> {
    const work = this.#grantEnded(shape, server, withServer).finally(() => this.#pending.delete(work))
    this.#pending.add(work)
    return work
  }

  /** Resolves when no deletion is under way any more; each takes 15 seconds at most. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }

  async #grantEnded(shape: ClientOf | null, server: ServerConfig, withServer: boolean): Promise<string | null> {
    const { vault, log } = this.#o
    const { issuer, clientId, registration } = shape ?? {}
    if (!shape || registration !== 'dynamic' || !issuer || !clientId) return null
    try {
      const { servers, isKept, management } = await vault.clientUse(issuer, clientId)
      if (!management || servers.length > 0 || (isKept && !withServer) || this.#o.isSigningIn(server.id)) return null
      await vault.forgetRegistration(issuer, clientId)
      return await this.#delete(shape, server, false)
    } catch (error) {
      log.error('an unused client could not be deleted', error, { server: server.id })
      return null
    }
  }

  async #delete({ issuer, clientId }: ClientOf, server: ServerConfig, works: boolean): Promise<string> {
    const { vault, oauth, clock } = this.#o
    if (!issuer || !clientId) return ''
    const { servers, management } = await vault.clientUse(issuer, clientId)
    const others = servers.filter((id) => id !== server.id)
    if (!management) return 'The server does not support deleting the client, so it stays registered there.'
    if (others.length > 0)
      return `${others.join(', ')} still signed in with the same client, so the server was not asked to delete it.`
    if (works)
      return 'The current token keeps working, so the client is deleted at the server only when that token is replaced or revoked.'
    if (this.#o.isSigningIn(server.id))
      return 'Another sign-in is in progress, perhaps with the same client, so the server was not asked to delete it.'
    try {
      return await withTimeout(clock, deletionTimeoutMs, (signal) =>
        oauth.deleteClient(server, issuer, management, signal)
      )
    } finally {
      await vault
        .forgetManagement(issuer, clientId)
        .catch((error) => this.#o.log.error('the credential to delete a client could not be removed', error))
    }
  }
}
