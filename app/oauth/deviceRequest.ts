// The requests of a sign-in by device code (RFC 8628): the person enters a code on another machine that has a browser.
// The token endpoint is polled, no faster than it allows, until the person is done or the code has expired.
import * as oauth from 'oauth4webapi'
import { type Clock, sleep } from '../base/clock.ts'
import { type Json, objectIn } from '../base/json.ts'
import { TokentrayError } from '../contract/errors.ts'
import { proposeQuirk } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { isBeyond } from '../net/privateAddresses.ts'
import { isBusyStatus, NetworkFault } from '../net/request.ts'
import { authenticationOf, type Client, ClientUnfit, mayBeTold, refusesClient, requestOptions } from './client.ts'
import type { Discovery } from './discovery.ts'
import { lifetimeOf } from './expiry.ts'
import { explainFault } from './explain.ts'
import type { Tokens } from './grant.ts'
import { isUsableUrl, shown } from './metadata.ts'
import type { DeviceCode, TokenOutcome } from './port.ts'
import { rejectsResource, retryAfterOf } from './tokenReply.ts'
import { askWithDeviceCode, type TokenRequest } from './tokenRequest.ts'

export type DeviceGrant = { code: string; shown: DeviceCode; intervalMs: number }

/** RFC 8628 sections 3.2 and 3.5. */
const defaultIntervalMs = 5_000
const minIntervalMs = 1_000
const slowDownMs = 5_000
const maxIntervalMs = 60_000
const guessedLifetimeMs = 600_000
const maxLifetimeMs = 1_800_000

/** RFC 8628 sections 3.1 and 3.2. Rejects with NetworkFault, TokentrayError, or ClientUnfit where another client may do. */
export async function requestDeviceCode(
  { sendRequest, server, client, parameters, reach, signal, context }: TokenRequest,
  scope: string | null
): Promise<DeviceGrant> {
  const host = shown(server.issuer)
  const reply = await oauth.deviceAuthorizationRequest(
    server,
    { client_id: client.clientId },
    authenticationOf(client, context.at),
    { ...parameters, ...(scope !== null && { scope }) },
    requestOptions(sendRequest, { reach, signal })
  )
  const { status, headers } = reply
  if (isBusyStatus(status)) throw new NetworkFault('busy', `HTTP ${status}`, host, retryAfterOf(headers, context.at))
  const body = objectIn(await reply.text()) ?? {}
  const { error } = body
  if (typeof error === 'string' && refusesClient(error)) throw new ClientUnfit(error)
  if (typeof error === 'string') throw noCode(host, error, status, body, client)
  // Google calls it `verification_url`, from before the RFC.
  const address = addressOf(body.verification_uri ?? body.verification_url, reach)
  const { device_code: code, user_code: userCode } = body
  if (typeof code !== 'string' || !code || typeof userCode !== 'string' || !userCode || address === null)
    throw new TokentrayError(
      'responseInvalid',
      `${host} did not return a device code (HTTP ${status}). Contact its operator.`
    )
  return {
    code,
    intervalMs: Math.min(Math.max(lifetimeOf(body.interval) ?? defaultIntervalMs, minIntervalMs), maxIntervalMs),
    shown: {
      userCode: shown(userCode),
      verificationUri: address,
      verificationUriComplete: addressOf(body.verification_uri_complete, reach),
      expiresAt: context.at + Math.min(lifetimeOf(body.expires_in) ?? guessedLifetimeMs, maxLifetimeMs)
    }
  }
}

function noCode(host: string, error: string, status: number, body: Json, client: Client): TokentrayError {
  const said = mayBeTold(error, client) ? error : `HTTP ${status}`
  return new TokentrayError(
    error === 'invalid_scope' ? 'scopeRefused' : 'signInFailed',
    `${host} did not issue a device code: ${said}. Check this server's settings.`,
    rejectsResource(error, String(body.error_description ?? ''))
      ? { proposals: [proposeQuirk('omitResource', `${host} rejected a request with the resource parameter.`)] }
      : {}
  )
}

/** The address a person types. Where it has invisible or non-ASCII characters, its encoded form; null: it cannot be used. */
function addressOf(value: unknown, reach: TokenRequest['reach']): string | null {
  if (typeof value !== 'string' || !isUsableUrl(value)) return null
  // A public server must not send the person's browser to an address in their private network.
  if (isBeyond(new URL(value).hostname, reach)) return null
  const address = /^[\x21-\x7e]+$/.test(value) ? value : new URL(value).href
  return address.length <= 2000 ? address : null
}

/** Resolves with the tokens when the person is done (RFC 8628 sections 3.4 and 3.5). Rejects with TokentrayError. */
export async function pollForTokens(
  grant: DeviceGrant,
  request: () => TokenRequest,
  { config, discovery, clock }: { config: ServerConfig; discovery: Discovery; clock: Clock }
): Promise<Tokens> {
  const host = shown(discovery.server.issuer)
  for (let waitMs = grant.intervalMs, minWaitMs = 0; ; ) {
    const asked = request()
    await sleep(clock, Math.min(Math.max(waitMs, minWaitMs), grant.shown.expiresAt - clock.now()), asked.signal)
    if (clock.now() >= grant.shown.expiresAt) throw ended(config)
    const outcome = await askWithDeviceCode({ ...asked, context: request().context }, grant.code)
    if (outcome.ok) return outcome.tokens
    const { detail } = outcome
    minWaitMs = outcome.retryAfter ?? 0
    if (detail === 'authorization_pending') continue
    if (detail === 'slow_down') waitMs += slowDownMs
    else if (detail === 'access_denied')
      throw new TokentrayError(
        'authorizationDenied',
        `The sign-in to ${config.name} was denied. To allow it, sign in again.`
      )
    else if (detail === 'expired_token') throw ended(config)
    else if (isTransient(outcome) && detail !== 'aborted') waitMs = Math.min(waitMs * 2, maxIntervalMs)
    else throw explainFault(outcome, host)
  }
}

function isTransient({ fault }: Extract<TokenOutcome, { ok: false }>): boolean {
  return fault !== 'refused' && fault !== 'misconfigured'
}

function ended({ name }: ServerConfig): TokentrayError {
  return new TokentrayError('signInFailed', `Nobody entered the code for ${name} in time. Sign in again.`)
}

/** Stands for the redirect URI in the registration of a client for device codes, which has none. */
export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'

/** True where the metadata names an endpoint for device codes (RFC 8628 section 4). */
export const offersDeviceCode = ({ server }: Pick<Discovery, 'server'>): boolean =>
  server.device_authorization_endpoint !== undefined
