// What the tests of app/oauth stand on: a held clock, registrations in memory, a real network, settings and grants.
import { expect } from 'vitest'
import type { Clock } from '../../app/base/clock.ts'
import { expose, Secret } from '../../app/base/secret.ts'
import { type ErrorCode, TokentrayError } from '../../app/contract/errors.ts'
import { type ServerConfig, serverConfig } from '../../app/contract/serverConfig.ts'
import { createSendRequest, type RequestLimits, type SendRequest } from '../../app/net/request.ts'
import { createOAuth } from '../../app/oauth/engine.ts'
import type { ClientRegistration, Grant, NewGrant } from '../../app/oauth/grant.ts'
import type { OAuth, Registrations, SignIn } from '../../app/oauth/port.ts'

export const start = Date.UTC(2026, 0, 2, 3, 4, 5)

/** Time stands still until `advance`. */
export function heldClock(): Clock & { advance(length: number): void } {
  let now = start
  const timers = new Set<{ at: number; wake: () => void }>()
  const add = (at: number, wake: () => void) => {
    const timer = { at, wake }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  return {
    now: () => now,
    alarm: add,
    after: (length, wake) => add(now + length, wake),
    poke: () => {},
    advance(length) {
      now += length
      for (const timer of [...timers]) {
        if (timer.at > now || !timers.delete(timer)) continue
        timer.wake()
      }
    }
  }
}

/** As the vault does it: one row per issuer and client, found by issuer, redirect host and site. */
export function memoryRegistrations(): Registrations & { rows: ClientRegistration[] } {
  const rows: ClientRegistration[] = []
  return {
    rows,
    registration: async (issuer, host, site) =>
      rows.find((row) => row.issuer === issuer && row.site === site && new URL(row.redirectUri).hostname === host) ??
      null,
    async saveRegistration(row) {
      const at = rows.findIndex(({ issuer, clientId }) => row.issuer === issuer && row.clientId === clientId)
      rows.splice(at < 0 ? rows.length : at, at < 0 ? 0 : 1, row)
    },
    async forgetRegistration(issuer, clientId) {
      const at = rows.findIndex((row) => row.issuer === issuer && row.clientId === clientId)
      if (at >= 0) rows.splice(at, 1)
    }
  }
}

export function testNetwork(clock: Clock, limits: Partial<RequestLimits> = {}) {
  return createSendRequest({
    clock,
    userAgent: 'tokentray-test',
    limits: { connectMs: 10_000, totalMs: 30_000, bodyBytes: 100_000, ...limits }
  })
}

/** `played`: the network, where the test plays it itself. */
export function setUp(played?: SendRequest) {
  const clock = heldClock()
  const registrations = memoryRegistrations()
  const network = played ?? testNetwork(clock)
  return { clock, registrations, network, oauth: createOAuth({ network, clock, registrations }) }
}

export function configOf(url: string, more: Partial<ServerConfig> = {}): ServerConfig {
  return serverConfig.parse({ id: 'test', name: 'Test server', url, grantKind: 'authorizationCode', ...more })
}

export function begin(oauth: OAuth, config: ServerConfig, clientSecret: string | null = null, steps: string[] = []) {
  return oauth.beginSignIn(config, {
    clientSecret: clientSecret === null ? null : new Secret(clientSecret),
    onStep: (step) => steps.push(step),
    signal: new AbortController().signal
  })
}

/** What a browser does: follows the sign-in URL to the callback; resolves with the page. */
export async function browse(signIn: SignIn): Promise<{ status: number; text: string; headers: Headers }> {
  const reply = await fetch(signIn.url ?? '')
  return { status: reply.status, text: await reply.text(), headers: reply.headers }
}

/** Signs in to the end. */
export async function signInFully(
  oauth: OAuth,
  config: ServerConfig,
  clientSecret: string | null = null
): Promise<NewGrant> {
  const signIn = await begin(oauth, config, clientSecret)
  if (signIn.url !== null) await browse(signIn)
  return signIn.grant
}

export function grantOf(origin: string, more: Partial<Grant> = {}, shape: Partial<Grant['shape']> = {}): Grant {
  return {
    accessToken: new Secret('old-access'),
    tokenType: 'Bearer',
    obtainedAt: start - 60_000,
    expiresAt: start,
    expirySource: 'stated',
    refreshToken: new Secret('old-refresh'),
    refreshExpiresAt: null,
    scope: 'read',
    generation: 1,
    startedAt: null,
    restored: false,
    ...more,
    shape: {
      issuer: origin,
      tokenEndpoint: `${origin}/token`,
      revocationEndpoint: `${origin}/revoke`,
      resource: `${origin}/mcp`,
      clientId: 'client-0',
      clientAuth: 'none',
      clientSecret: null,
      registration: 'dynamic',
      redirectUri: null,
      ...shape
    }
  }
}

export const never: AbortSignal = new AbortController().signal
export const plain = (secret: Secret | null): string | null => secret && expose(secret)

/** Expects a rejection with this code, and gives back its sentence. */
export async function refusal(promise: Promise<unknown>, code: ErrorCode): Promise<string> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason
  )
  expect(error).toBeInstanceOf(TokentrayError)
  expect((error as TokentrayError).code).toBe(code)
  return (error as TokentrayError).message
}
