// Refusals of refresh tokens as real servers word them, by what Tokentray makes of each: data for tokenReply.test.ts.
// docs/protocol-coverage.md lists them too, so that nobody has to read a test to find out what happens with a server.
export type Refusal = { who: string; status: number; body: object }

const invalid = (error_description: string, error = 'invalid_request') => ({ error, error_description })

/** The refresh token is dead, in a server's own words. */
export const deadTokens: readonly Refusal[] = [
  { who: 'league/oauth2-server', status: 400, body: invalid('The refresh token is invalid.') },
  { who: 'league/oauth2-server', status: 401, body: invalid('Cannot decrypt the refresh token') },
  { who: 'no word for dead', status: 400, body: invalid('refresh_token could not be used') },
  {
    who: 'LinkedIn',
    status: 400,
    body: invalid('The provided authorization grant or refresh token is invalid, expired or revoked.')
  },
  { who: 'X', status: 400, body: invalid('Value passed for the token was invalid.') },
  { who: 'Atlassian', status: 403, body: invalid('refresh_token is invalid', 'unauthorized_client') },
  { who: 'a code of RFC 6750', status: 401, body: { error: 'invalid_token' } },
  { who: 'a code of RFC 6750', status: 401, body: invalid('Refresh token expired', 'invalid_token') },
  { who: 'HubSpot', status: 400, body: { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' } },
  { who: 'HubSpot', status: 400, body: { status: 'BAD_REFRESH_TOKEN' } },
  { who: 'Slack', status: 200, body: { ok: false, error: 'token_revoked' } },
  { who: 'Slack', status: 200, body: { ok: false, error: 'token_expired' } },
  { who: 'Slack', status: 200, body: { ok: false, error: 'invalid_auth' } },
  { who: 'Zoho', status: 200, body: { error: 'invalid_code' } },
  { who: 'Supabase', status: 400, body: { code: 400, error_code: 'refresh_token_already_used', msg: 'Already Used' } },
  { who: 'Fitbit', status: 401, body: { errors: [{ errorType: 'expired_token', message: 'x' }], success: false } },
  { who: 'Twitch', status: 400, body: { status: 400, message: 'Invalid refresh token' } },
  { who: 'a list of codes', status: 401, body: [{ code: 'invalid_token' }] },
  { who: 'a list of sentences', status: 401, body: { errors: [{ detail: 'The refresh token has been revoked' }] } },
  { who: 'XSUAA', status: 401, body: [{ logref: 'x', message: "Error : 'Fetch token call failed Bad credentials'" }] },
  { who: 'the code a level down', status: 400, body: { error: { code: 'invalid_grant', message: 'no' } } },
  { who: 'Google’s frame', status: 401, body: { error: { code: 401, message: 'Refresh token not found' } } },
  { who: 'Apigee', status: 401, body: { fault: { faultstring: 'Refresh Token expired' } } },
  { who: 'NestJS', status: 401, body: { statusCode: 401, message: 'Invalid refresh token', error: 'Unauthorized' } },
  { who: 'FastAPI', status: 401, body: { detail: 'Token has expired' } },
  { who: 'Django', status: 400, body: { refresh_token: ['Not found.'] } },
  { who: 'Rails', status: 422, body: { errors: { refresh_token: ['is no longer valid'] } } },
  { who: 'a number for a code', status: 200, body: { code: 20037, msg: 'refresh token expired' } },
  { who: 'another spelling', status: 400, body: { error: 'RefreshTokenExpired' } },
  { who: 'with the token in it', status: 400, body: { message: 'Refresh token sent-refresh not found' } },
  { who: 'used before', status: 400, body: invalid('Refresh token already used') },
  { who: 'a JWT', status: 400, body: { error: 'bad_request', message: 'jwt expired' } },
  { who: 'a firewall’s words, but the token', status: 400, body: invalid('Refresh token revoked: IP blocked') },
  { who: 'DPoP, but the token', status: 400, body: invalid('The DPoP-bound refresh token has expired') },
  { who: 'a session', status: 400, body: invalid('Session not active') },
  { who: 'taken back', status: 403, body: invalid('The user revoked access to the application', 'access_denied') }
]

/** Refusals with an OAuth error that do not say of what. */
export const unclearRefusals: readonly (Omit<Refusal, 'body'> & {
  body: { error: string; [more: string]: unknown }
})[] = [
  { who: 'nothing is said of the token', status: 400, body: invalid('The token request is invalid.') },
  { who: 'a parameter is missing', status: 400, body: invalid('Missing required parameter: refresh_token') },
  {
    who: 'the client may not',
    status: 400,
    body: invalid('The client is not authorized to use refresh_token', 'unauthorized_client')
  },
  { who: 'no client may', status: 400, body: invalid('Refresh tokens are not supported') },
  { who: 'the grant type', status: 400, body: invalid('Invalid grant type: refresh_token', 'unauthorized_client') },
  { who: 'a verb', status: 400, body: invalid('Failed to refresh token') },
  { who: 'the client', status: 400, body: invalid('Invalid client for this refresh token', 'unauthorized_client') },
  { who: 'another token', status: 400, body: invalid('The access token expired') },
  { who: 'an address', status: 400, body: invalid('See https://docs.test/refresh-token#expired') },
  { who: 'what was sent', status: 400, body: { ...invalid('no'), request: { refresh_token: 'sent-refresh' } } },
  { who: 'a code alone', status: 400, body: { error: 'access_denied' } },
  { who: 'DPoP', status: 400, body: invalid('DPoP proof token is invalid or expired', 'invalid_dpop_proof') },
  { who: 'DPoP by another code', status: 400, body: invalid('The DPoP proof has expired: iat of the JWT is too old') },
  { who: 'DPoP by another code', status: 401, body: invalid('DPoP token expired') },
  {
    who: 'an attestation',
    status: 400,
    body: invalid('The attestation JWT has expired', 'invalid_client_attestation')
  },
  { who: 'an assertion', status: 400, body: invalid('client assertion token expired') },
  { who: 'a form', status: 403, body: invalid('Anti-forgery token is invalid') },
  {
    who: 'a firewall',
    status: 403,
    body: { error: 'blocked', message: 'Request blocked by firewall; session token expired page' }
  },
  { who: 'a firewall', status: 403, body: { error: 'forbidden', message: 'Session expired, solve the captcha' } },
  { who: 'a firewall', status: 403, body: { error: 'denied', message: 'Your IP was blocked', hint: 'invalid session' } }
]

/** Refusals in JSON without an OAuth error and without a word on the token. */
export const silentRefusals: readonly Refusal[] = [
  { who: 'Notion', status: 401, body: { object: 'error', code: 'unauthorized', message: 'API token is invalid.' } },
  { who: 'AWS API Gateway', status: 401, body: { message: 'Unauthorized' } },
  { who: 'AWS API Gateway', status: 403, body: { message: 'Forbidden' } },
  { who: 'FastAPI', status: 400, body: { detail: 'Bad Request' } },
  { who: 'Google’s frame', status: 401, body: { error: { code: 401, status: 'UNAUTHENTICATED' } } },
  { who: 'a sentence for a code', status: 400, body: { error: 'Bad Request', message: 'Failed to refresh token' } },
  { who: 'a list', status: 401, body: { errors: [{ title: 'Unauthorized' }] } },
  { who: 'an empty object', status: 401, body: {} },
  { who: 'an empty list', status: 401, body: [] }
]
