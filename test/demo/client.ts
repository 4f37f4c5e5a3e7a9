// An OAuth client by hand, on fetch alone: what the demo's tests check the authorization server with.
// It keeps nothing and judges nothing; each function is one request.
import { createHash, randomBytes } from 'node:crypto'
import { callbackUrl } from '../../app/demo/person.ts'

export const redirectUri = 'http://127.0.0.1:1/callback'
export type TokenReply = { access_token: string; refresh_token?: string; expires_in: number; error?: string }

export function post(url: string, params: Record<string, string>, init: RequestInit = {}) {
  return fetch(url, { ...init, method: 'POST', body: new URLSearchParams(params) })
}

export async function register(issuer: string): Promise<string> {
  const reply = await fetch(`${issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'by hand',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [redirectUri]
    })
  })
  const { client_id } = (await reply.json()) as { client_id: string }
  return client_id
}

export function authorizeUrl(issuer: string, clientId: string, extra: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL(`${issuer}/auth`)
  url.search = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: 'by-hand',
    ...extra
  }).toString()
  return { url: url.href, verifier }
}

/** Registers, is approved, and swaps the code for tokens. */
export async function signIn(issuer: string, extra: Record<string, string> = {}) {
  const clientId = await register(issuer)
  const { url, verifier } = authorizeUrl(issuer, clientId, extra)
  const code = new URL(await callbackUrl(url)).searchParams.get('code') ?? ''
  const reply = await post(`${issuer}/token`, {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...(extra.resource ? { resource: extra.resource } : {})
  })
  return { clientId, tokens: (await reply.json()) as TokenReply }
}

export function refresh(
  issuer: string,
  clientId: string,
  refreshToken: string | undefined,
  signal: AbortSignal | null = null
) {
  const params = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken ?? '' }
  return post(`${issuer}/token`, params, { signal })
}
