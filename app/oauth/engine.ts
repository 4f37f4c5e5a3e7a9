// The implementation of port.ts: sign-in, renewal, verification and revocation put together.
// `state` and PKCE verifier come from the system's secure random source, never from the random numbers that tests inject.
import { TokentrayError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { renewsAlone } from '../contract/serverConfig.ts'
import { beginAlone } from './clientSignIn.ts'
import { createContext, type OAuthOptions, type SignInRequest } from './context.ts'
import { takeFirst } from './discovery.ts'
import { type Bearable, credentialsFor } from './dpop.ts'
import { explainError } from './explain.ts'
import type { RequestShape } from './grant.ts'
import { introspect } from './introspection.ts'
import { deleteClient } from './management.ts'
import { beginWithPerson } from './personSignIn.ts'
import type { OAuth, SignIn } from './port.ts'
import { forgetRegistration, renew } from './renewal.ts'
import { revokeGrant } from './revocation.ts'
import { fetchIcon } from './serverIcon.ts'
import { findServer } from './serverSearch.ts'
import { type Verification, verifyToken } from './verifyToken.ts'

export function createOAuth(options: OAuthOptions): OAuth {
  const context = createContext(options)
  const { clock, now, nonces, sendRequestFor } = context

  async function beginSignIn(config: ServerConfig, request: SignInRequest): Promise<SignIn> {
    try {
      if (renewsAlone(config)) return await beginAlone(context, config, request)
      if (config.grantKind !== 'authorizationCode') throw pastedAgain(config)
      return await beginWithPerson(context, config, request)
    } catch (error) {
      throw explainError(error)
    }
  }

  async function verify(
    config: ServerConfig,
    token: Bearable,
    shape: RequestShape | null,
    signal: AbortSignal,
    callsTool = false
  ): Promise<Verification> {
    const sendRequest = sendRequestFor(config)
    const credentials = (method: string, at: string) => credentialsFor(token, { nonces, clock }, method, at)
    const noteNonce = (nonce: string | null) => nonces.note(config.url, nonce)
    const found = await verifyToken(sendRequest, config.url, credentials, { signal, noteNonce, callsTool })
    if (found.verdict !== 'unknown' || !shape?.issuer) return found
    const request = { signal, grantIssuer: shape.issuer }
    const discovery = await context.discovered(config, request, takeFirst).catch(() => null)
    const active =
      discovery && (await introspect(token.accessToken, shape, discovery, { sendRequest, at: now(), signal }))
    const who = URL.parse(shape.issuer)?.host ?? 'Its authorization server'
    if (active === false)
      return { verdict: 'rejected', sentence: `${who} reports that the token is no longer valid.`, seen: found.seen }
    return active ? { ...found, sentence: `${found.sentence} ${who} reports that the token is valid.` } : found
  }

  return {
    findServer: (server, signal) => findServer(context, server, signal),
    renew: (config, grant, signal) => renew(context, config, grant, signal),
    beginSignIn,
    verify,
    // As nobody: neither a token nor the server's client certificate.
    fetchIcon: (server, sources, signal) => fetchIcon(sendRequestFor({}), server, sources, signal),
    revoke: (config, grant, signal) => revokeGrant(grant, sendRequestFor(config), now(), signal),
    forgetRegistration: (grant) => forgetRegistration(context, grant.shape),
    deleteClient: (config, issuer, management, signal) =>
      deleteClient(issuer, management, sendRequestFor(config), signal),
    credentials: (token, method, url) => credentialsFor(token, { nonces, clock }, method, url),
    noteNonce: (url, nonce) => nonces.note(url, nonce)
  }
}

function pastedAgain({ name, grantKind }: ServerConfig): TokentrayError {
  const what = grantKind === 'staticToken' ? 'token' : 'refresh token'
  return new TokentrayError(
    'signInFailed',
    `${name} uses a pasted ${what} instead of sign-in. Replace it to update it.`
  )
}
