// The token endpoint: codes become tokens, refresh tokens rotate, and using either twice ends the whole sign-in.
// Clients refresh concurrently, so for half a minute a replaced refresh token still returns the tokens that replaced it.
import type { Clock } from '../../base/clock.ts'
import { expose, Secret } from '../../base/secret.ts'
import type { LocalAccess, LocalClient, NewPair, SignInGrant } from '../../vault/localAccess.ts'
import { hashOf, isVerifierOf, mint, type RandomBytes, successors } from './credentials.ts'
import { serverOfResource } from './metadata.ts'
import type { Refusals } from './refusals.ts'
import { type Form, OAuthError } from './replies.ts'

export const codeLifeMs = 600_000
export const accessLifeMs = 3_600_000
export const refreshLifeMs = 30 * 86_400_000
/** How long a replaced refresh token still returns its successors. */
export const graceMs = 30_000

export type TokenOptions = {
  local: LocalAccess
  clock: Clock
  randomBytes: RandomBytes
  /** Ends the sign-in and all its tokens; `why` is for the log. */
  endSignIn(signIn: { id: string; client: string }, why: string): Promise<void>
  refused: Refusals['note']
}

type Tokens = { access: Secret; refresh: Secret }

const invalidGrant = (description: string) => new OAuthError('invalid_grant', description)

export function createTokens({ local, clock, randomBytes, endSignIn, refused }: TokenOptions) {
  function endsOf(signIn: SignInGrant, from: number): { access: number; refresh: number } {
    const last = signIn.endsAt ?? Number.POSITIVE_INFINITY
    return { access: Math.min(from + accessLifeMs, last), refresh: Math.min(from + refreshLifeMs, last) }
  }

  function pairOf(tokens: Tokens, signIn: SignInGrant, from: number): NewPair {
    const { access, refresh } = endsOf(signIn, from)
    return {
      access: { hash: hashOf(tokens.access), expiresAt: access },
      refresh: { hash: hashOf(tokens.refresh), expiresAt: refresh }
    }
  }

  /** RFC 6749 section 5.1. */
  function reply(tokens: Tokens, accessEndsAt: number) {
    return {
      access_token: expose(tokens.access),
      token_type: 'Bearer',
      expires_in: Math.max(0, Math.floor((accessEndsAt - clock.now()) / 1000)),
      refresh_token: expose(tokens.refresh)
    }
  }

  /** A client may name servers again, but none it was not allowed (RFC 8707 section 2.2). */
  function checkResources(form: Form, origin: string, signIn: SignInGrant): void {
    for (const resource of form.all('resource')) {
      const server = serverOfResource(resource, origin)
      if (server === null || (server !== '' && !signIn.servers.includes(server)))
        throw new OAuthError('invalid_target', 'This sign-in does not include that server.')
    }
  }

  async function exchangeCode(form: Form, origin: string, { id: client, name }: LocalClient) {
    const now = clock.now()
    const used = await local.spendCode(hashOf(new Secret(form.must('code'))), now)
    if (!used) {
      refused('code', `${name}: an unknown code was sent`)
      throw invalidGrant('This code is unknown or has expired.')
    }
    const redirectUri = form.get('redirect_uri')
    const problem =
      used.usedAt !== null
        ? 'a code was used twice'
        : used.signIn.client !== client
          ? 'a code was sent by another client'
          : now >= used.expiresAt
            ? 'a code was sent after it expired'
            : redirectUri !== undefined && redirectUri !== used.redirectUri
              ? 'a code was sent with another redirect URI'
              : isVerifierOf(form.get('code_verifier') ?? '', used.challenge)
                ? null
                : 'a code was sent with a wrong verifier'
    if (problem !== null) {
      refused('code', `${name}: ${problem}`)
      await endSignIn(used.signIn, problem)
      throw invalidGrant('This code is not valid or has already been used.')
    }
    checkResources(form, origin, used.signIn)
    const tokens = { access: mint(randomBytes, 'access'), refresh: mint(randomBytes, 'refresh') }
    const pair = pairOf(tokens, used.signIn, now)
    if (!(await local.savePair(used.signIn.id, pair))) throw invalidGrant('This sign-in was revoked.')
    return reply(tokens, pair.access.expiresAt)
  }

  async function refresh(form: Form, origin: string, { id: client, name }: LocalClient) {
    const presented = new Secret(form.must('refresh_token'))
    const hash = hashOf(presented)
    const now = clock.now()
    let found = await local.refreshToken(hash)
    if (!found || found.signIn.client !== client || now >= found.expiresAt)
      throw invalidGrant('This refresh token is unknown, revoked or expired.')
    const { signIn } = found
    checkResources(form, origin, signIn)
    if (found.replacedAt === null) {
      const seed = randomBytes(16).toString('base64url')
      const tokens = successors(presented, seed)
      const pair = pairOf(tokens, signIn, now)
      if (await local.rotate(hash, seed, now, pair)) return reply(tokens, pair.access.expiresAt)
      // Another request of the same client was quicker.
      found = await local.refreshToken(hash)
    }
    if (!found || found.replacedAt === null || found.seed === null) throw invalidGrant('This sign-in was revoked.')
    if (now - found.replacedAt > graceMs) {
      refused('refreshToken', name)
      await endSignIn(signIn, 'a replaced refresh token was used again')
      throw invalidGrant('This refresh token was already used. Sign in again.')
    }
    return reply(successors(presented, found.seed), endsOf(signIn, found.replacedAt).access)
  }

  return {
    /**
     * Throws OAuthError: `invalid_request`, `invalid_client`, `invalid_grant`, `invalid_target`,
     * `unsupported_grant_type`.
     */
    async exchange(form: Form, origin: string) {
      const grantType = form.must('grant_type')
      const client = await local.client(form.must('client_id'))
      if (!client) throw new OAuthError('invalid_client', 'This client is not registered here.', 401)
      if (grantType === 'authorization_code') return exchangeCode(form, origin, client)
      if (grantType === 'refresh_token') return refresh(form, origin, client)
      throw new OAuthError('unsupported_grant_type', 'Only authorization codes and refresh tokens are accepted.')
    },

    /** RFC 7009: either token ends its whole sign-in; one that is unknown is as good as revoked. */
    async revoke(form: Form): Promise<void> {
      const signIn = await local.signInOf(hashOf(new Secret(form.must('token'))))
      if (!signIn) return
      if (form.must('client_id') !== signIn.client)
        throw new OAuthError('unauthorized_client', 'This token was issued to another client.')
      await endSignIn(signIn, 'the client revoked it')
    }
  }
}
