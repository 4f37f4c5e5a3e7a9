// An OAuth port whose answers a test writes down: each renew() takes the next answer, or waits to be told.
// It counts like a rotating server: every refresh token is good for one use.
import type { Clock } from '../../app/base/clock.ts'
import { Secret } from '../../app/base/secret.ts'
import type { Grant, NewGrant, Tokens } from '../../app/oauth/grant.ts'
import type { OAuth, SignIn, TokenOutcome } from '../../app/oauth/port.ts'

export type Renewal = { server: string; refreshToken: string; answer: (outcome: TokenOutcome) => void }

export function tokensAt(now: number, n: number, lifetime = 3_600_000, refresh = true): Tokens {
  return {
    accessToken: new Secret(`access-${n}`),
    tokenType: 'Bearer',
    obtainedAt: now,
    expiresAt: now + lifetime,
    expirySource: 'stated',
    refreshToken: refresh ? new Secret(`refresh-${n}`) : null,
    refreshExpiresAt: null,
    scope: null
  }
}

export function grantAt(now: number, n = 0, lifetime?: number, refresh?: boolean): NewGrant {
  return {
    ...tokensAt(now, n, lifetime, refresh),
    shape: {
      issuer: 'https://issuer.test',
      tokenEndpoint: 'https://issuer.test/token',
      revocationEndpoint: null,
      resource: null,
      clientId: 'client',
      clientAuth: 'none',
      clientSecret: null,
      registration: 'dynamic',
      redirectUri: null
    }
  }
}

export type FakeOAuth = OAuth & {
  renewals: Renewal[]
  /** How the next renewals end; when empty, each waits for renewals[n].answer. */
  answers: ((grant: Grant) => TokenOutcome)[]
  /** Every renewal succeeds from now on, with tokens of this lifetime in ms. */
  succeed(lifetime?: number): void
  signIns: { finish: (grant: NewGrant) => void; fail: (error: Error) => void }[]
}

export function fakeOAuth(clock: Clock): FakeOAuth {
  let always: number | null = null
  let n = 0
  const oauth: FakeOAuth = {
    renewals: [],
    answers: [],
    signIns: [],
    succeed(lifetime = 3_600_000) {
      always = lifetime
    },
    findServer: async ({ url }) => url,
    fetchIcon: async () => null,
    verify: async () => ({ verdict: 'accepted', sentence: 'Taken.', seen: { kind: 'well' } }),
    renew(config, grant) {
      return new Promise((resolve) => {
        oauth.renewals.push({
          server: config.id,
          refreshToken: grant.refreshToken ? Secret.reveal(grant.refreshToken) : '',
          answer: resolve
        })
        const next = oauth.answers.shift()
        if (next) resolve(next(grant))
        else if (always !== null) resolve({ ok: true, tokens: tokensAt(clock.now(), ++n, always) })
      })
    },
    async beginSignIn(_config, { signal }): Promise<SignIn> {
      const { promise, resolve, reject } = Promise.withResolvers<NewGrant>()
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      promise.catch(() => {})
      oauth.signIns.push({ finish: resolve, fail: reject })
      return {
        url: 'https://issuer.test/authorize',
        redirectUri: 'http://127.0.0.1:1/callback',
        replaceClient: null,
        device: null,
        grant: promise,
        async paste() {},
        cancel() {}
      }
    },
    revoke: async () => 'Revoked at the server.',
    forgetRegistration: async () => {},
    deleteClient: async () => 'Deleted at the server.',
    credentials: () => [],
    noteNonce: () => false
  }
  return oauth
}
