// What the replies of token endpoints mean: DESIGN's fault table, and everything real servers send.
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeTokenReply, type ReplyContext, retryAfterOf } from '../../app/oauth/tokenReply.ts'
import { plain, start } from './oauth.fixture.ts'
import { deadTokens, silentRefusals, unclearRefusals } from './refusals.ts'

const context: ReplyContext = { at: start, lastLifetime: null, guessedLifetime: 3_600_000, sent: ['sent-refresh'] }
const judge = (status: number, body: unknown, headers: Record<string, string> = {}, more: Partial<ReplyContext> = {}) =>
  judgeTokenReply(status, new Headers(headers), typeof body === 'string' ? body : JSON.stringify(body), {
    ...context,
    ...more
  })
const tokens = (body: unknown, headers?: Record<string, string>, status = 200) => {
  const outcome = judge(status, body, headers)
  if (!outcome.ok) throw new Error(`not accepted: ${outcome.detail}`)
  return outcome.tokens
}
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`

describe('tolerant in form', () => {
  test('a plain reply', () => {
    const read = tokens({ access_token: 'a', token_type: 'bearer', expires_in: 60, refresh_token: 'r', scope: 'x y' })
    expect(read).toMatchObject({
      tokenType: 'Bearer',
      obtainedAt: start,
      expiresAt: start + 60_000,
      expirySource: 'stated',
      scope: 'x y'
    })
    expect([plain(read.accessToken), plain(read.refreshToken)]).toEqual(['a', 'r'])
  })

  test('FM-11 no token type, nulls, 201: what the reply leaves out stays null, so that the old value is kept', () => {
    const read = tokens({ access_token: 'a', expires_in: null, refresh_token: null, scope: null }, {}, 201)
    expect(read).toMatchObject({ tokenType: 'Bearer', refreshToken: null, refreshExpiresAt: null, scope: null })
    // A terminal would show what comes behind a line break as a line of ours.
    expect(tokens({ access_token: 'a', scope: 'x\n  to do: run this\u001b[2J y' }).scope).toBe('x to do: run y')
    // Names of another kind altogether; what MCP servers take is Bearer.
    for (const token_type of ['bot', 'user', 'JWT', 'access_token', 'Bearer Token', 7])
      expect(tokens({ access_token: 'a', token_type }).tokenType).toBe('Bearer')
    expect(tokens({ access_token: 'a', token_type: 'dPoP' }).tokenType).toBe('DPoP')
    expect(tokens({ access_token: 'a', refresh_token: '' }).refreshToken).toBeNull()
  })

  test('FM-04 a refresh token may be any text: one with a space is kept', () => {
    expect(plain(tokens({ access_token: 'a', refresh_token: 'part one' }).refreshToken)).toBe('part one')
  })

  test('form-encoded as GitHub sends it', () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    const read = tokens(
      'access_token=gho_1&expires_in=28800&refresh_token=ghr_1&refresh_token_expires_in=15724800&scope=&token_type=bearer',
      form
    )
    expect(read).toMatchObject({ expiresAt: start + 28_800_000, refreshExpiresAt: start + 15_724_800_000, scope: null })
    expect(judge(200, 'error=bad_refresh_token&error_description=no', form)).toMatchObject({
      fault: 'refused',
      detail: 'bad_refresh_token'
    })
  })

  test('the end of the refresh token itself, in its several names; 0 means it has none', () => {
    expect(tokens({ access_token: 'a', refresh_expires_in: '1800' }).refreshExpiresAt).toBe(start + 1_800_000)
    expect(tokens({ access_token: 'a', refresh_token_expires_in: 1800 }).refreshExpiresAt).toBe(start + 1_800_000)
    for (const refresh_expires_in of [0, '0', -1, 'soon', null, {}])
      expect(tokens({ access_token: 'a', refresh_expires_in }).refreshExpiresAt).toBeNull()
    expect(tokens({ access_token: 'a', expires_in: 10, ext_expires_in: 99 }).expiresAt).toBe(start + 10_000)
    // What Entra would allow in an outage is no promise for other days.
    expect(tokens({ access_token: 'a', ext_expires_in: 99 }).expirySource).toBe('guess')
  })

  test('Slack’s token of a person, in an object of its own', () => {
    const user = { id: 'U1', access_token: 'xoxp', token_type: 'user', scope: 'chat:write,search:read' }
    const read = tokens({
      ok: true,
      authed_user: { ...user, refresh_token: 'xoxe', expires_in: 43_200 },
      team: { id: 'T1' }
    })
    expect(read).toMatchObject({ tokenType: 'Bearer', expiresAt: start + 43_200_000, scope: 'chat:write,search:read' })
    expect([plain(read.accessToken), plain(read.refreshToken)]).toEqual(['xoxp', 'xoxe'])
    // That of the bot comes first where there are both, with what belongs to it.
    const both = tokens({ access_token: 'xoxb', scope: 'commands', authed_user: user })
    expect([plain(both.accessToken), both.scope]).toEqual(['xoxb', 'commands'])
    expect(judge(200, { ok: false, error: 'invalid_grant', authed_user: { id: 'U1' } })).toMatchObject({
      fault: 'refused'
    })
    expect(judge(200, { ok: false, error: 'invalid_grant', authed_user: user })).toMatchObject({ fault: 'garbled' })
    expect(judge(200, { authed_user: 'xoxp' })).toMatchObject({ fault: 'garbled' })
    expect(judge(400, { authed_user: user })).toMatchObject({ fault: 'garbled' })
  })

  test('a list of scopes, a byte order mark, JSON under a wrong content type', () => {
    expect(tokens({ access_token: 'a', scope: ['x', 'y'] }).scope).toBe('x y')
    expect(plain(tokens('\ufeff{"access_token":"a"}', { 'content-type': 'text/html' }).accessToken)).toBe('a')
  })
})

describe('FM-10 the expiry of the token is absolute', () => {
  test.each([
    ['3600', 3_600_000],
    ['3599.5', 3_599_500],
    [1, 1000],
    [1e300, 315_360_000_000]
  ])('expires_in %s', (expires_in, length) => {
    expect(tokens({ access_token: 'a', expires_in })).toMatchObject({
      expiresAt: start + length,
      expirySource: 'stated'
    })
  })

  test('FM-10 a moment is no length, in seconds, ms and ISO text, under any of its names, by the server’s own clock', () => {
    const end = start + 1_800_000
    const iso = new Date(end).toISOString()
    const read = (body: object, headers = {}) => tokens({ access_token: 'a', ...body }, headers)
    for (const moment of [
      end / 1000,
      end,
      String(end / 1000),
      String(end),
      iso,
      iso.replace('Z', '+00:00'),
      iso.slice(0, 19),
      new Date(end).toUTCString(),
      new Date(end).toUTCString().replace('GMT', '+0000'),
      new Date(end).toUTCString().slice(5)
    ])
      for (const name of ['expires_in', 'expires_at', 'expires_on', 'expiry', '.expires'])
        expect(read({ [name]: moment })).toMatchObject({ expiresAt: end, expirySource: 'stated' })
    const date = new Date(start - 5 * 3_600_000).toUTCString()
    expect(read({ expires_at: end / 1000 - 5 * 3600 }, { date }).expiresAt).toBe(end)
    expect(read({ '.expires': new Date(end - 5 * 3_600_000).toUTCString() }, { date }).expiresAt).toBe(end)
    expect(read({ expires_in: 60, '.expires': new Date(end).toUTCString() }).expiresAt).toBe(start + 60_000)
    for (const text of ['Mon, 99 Foo 2030 99:99:99 GMT', 'Mon, 01 Jan 2030', '1 Jan 2030 00:00', 'May 2030'])
      expect(read({ expires_at: text }).expirySource).toBe('guess')
    // A length has no clock.
    expect(read({ expires_in: 60 }, { date }).expiresAt).toBe(start + 60_000)
    expect(read({ expires_in: 0, expires_at: end / 1000 }).expiresAt).toBe(end)
    expect(read({ expires_in: 60, expires_at: end / 1000 }).expiresAt).toBe(start + 60_000)
    expect(read({ refresh_expires_in: end / 1000 }).refreshExpiresAt).toBe(end)
    expect(read({ refresh_token_expires_at: iso }).refreshExpiresAt).toBe(end)
    expect(read({ refresh_expires_at: start / 1000 - 5 }).refreshExpiresAt).toBeNull()
    expect(tokens({ access_token: jwt({ exp: end, iat: start }) })).toMatchObject({
      expiresAt: end,
      expirySource: 'jwt'
    })
    expect(read({ expires_in: 999_999_999 }).expiresAt).toBe(start + 315_360_000_000)
  })

  test('an end that is over is a guess, never the little that was left before: or each token would be refreshed at once', () => {
    const gone = start / 1000 - 1
    for (const body of [{ expires_in: gone }, { expires_at: gone * 1000 }, { expires_at: '2020-01-01T00:00:00Z' }])
      expect(judge(200, { access_token: 'a', ...body }, {}, { lastLifetime: 1000 })).toMatchObject({
        tokens: { expiresAt: start + 3_600_000, expirySource: 'guess' }
      })
    expect(judge(200, { access_token: jwt({ exp: gone }) }, {}, { lastLifetime: 1000 })).toMatchObject({
      tokens: { expirySource: 'guess' }
    })
  })

  test('a moment instead of a length, as Square tells it, is measured by the server’s own clock', () => {
    const hour = 3_600_000
    const iso = (at: number) => new Date(at).toISOString().replace('.000', '')
    const read = (expires_at: unknown, headers = {}) => tokens({ access_token: 'a', expires_at }, headers)
    expect(read(iso(start + hour))).toMatchObject({ expiresAt: start + hour, expirySource: 'stated' })
    const date = new Date(start + 5 * hour).toUTCString()
    expect(read(iso(start + 6 * hour), { date }).expiresAt).toBe(start + hour)
    for (const nonsense of [iso(start - hour), '2999-13-45T00:00:00Z', 'tomorrow', 1_500_000_000, null])
      expect(read(nonsense).expirySource).toBe('guess')
    expect(tokens({ access_token: 'a', expires_in: 60, expires_at: iso(start + hour) }).expiresAt).toBe(start + 60_000)
  })

  test.each([0, -5, '0', 'soon', null, {}, [60], true])(
    'expires_in %j says nothing: the last lifetime, else a marked guess',
    (expires_in) => {
      expect(judge(200, { access_token: 'a', expires_in }, {}, { lastLifetime: 900_000 })).toMatchObject({
        tokens: { expiresAt: start + 900_000, expirySource: 'lastKnown' }
      })
      expect(judge(200, { access_token: 'a', expires_in })).toMatchObject({
        tokens: { expiresAt: start + 3_600_000, expirySource: 'guess' }
      })
    }
  )

  test('a JWT tells its end, whatever the clock of its issuer', () => {
    const s = start / 1000
    const end = (claims: object) => tokens({ access_token: jwt(claims) })
    expect(end({ exp: s + 600 })).toMatchObject({ expiresAt: start + 600_000, expirySource: 'jwt' })
    expect(end({ iat: s - 300, exp: s + 300 }).expiresAt).toBe(start + 300_000)
    expect(end({ iat: s - 99_999, exp: s - 99_399 }).expiresAt).toBe(start + 600_000)
    expect(end({ iat: s + 99_999, exp: s + 100_599 }).expiresAt).toBe(start + 600_000)
    expect(end({ exp: s - 1 }).expirySource).toBe('guess')
    expect(end({ exp: 'soon' }).expirySource).toBe('guess')
    // The vault holds whole milliseconds, and a token that cannot be saved is a token lost.
    expect(end({ exp: s + 600.0001234 }).expiresAt).toBe(start + 600_001)
    expect(end({ iat: s - 99_999.5, exp: s - 99_399.4999 }).expiresAt).toBe(start + 600_001)
    expect(tokens({ access_token: 'a.b.c' }).expirySource).toBe('guess')
    expect(tokens({ access_token: jwt({ exp: s + 600 }), expires_in: 5 }).expiresAt).toBe(start + 5000)
  })
})

describe('FM-05 strict in meaning', () => {
  test.each([500, 502, 503, 504, 429, 408, 599])('%i is busy and its body is not believed', (status) => {
    expect(judge(status, { error: 'invalid_grant' }, { 'retry-after': '12' })).toEqual({
      ok: false,
      fault: 'busy',
      detail: `HTTP ${status}`,
      retryAfter: 12_000
    })
    expect(judge(status, { access_token: 'a' })).toMatchObject({ fault: 'busy', retryAfter: null })
  })

  test.each([
    [200, '<html>Log in to this Wi-Fi</html>'],
    [200, ''],
    [200, '{"access_token":"a"'],
    [200, { ok: true }],
    [200, { access_token: 7 }],
    [200, { access_token: 'a\r\nx: y' }],
    [200, { access_token: 'a', error: 'invalid_grant' }],
    [200, [{ access_token: 'a' }]],
    [302, { error: 'invalid_grant' }],
    [302, { access_token: 'a' }],
    [400, { access_token: 'a' }],
    [400, '<h1>Bad Request: invalid_grant</h1>'],
    [401, { message: 'invalid_grant' }],
    [400, { error: { code: 'invalid_grant' } }],
    [400, { error: 'invalid grant' }],
    [403, 'null']
  ])('%i %j is garbled', (status, body) => {
    expect(judge(status, body)).toMatchObject({ fault: 'garbled', detail: `HTTP ${status}` })
  })

  test.each([
    [400, 'invalid_grant', 'refused'],
    [401, 'invalid_grant', 'refused'],
    [200, 'bad_refresh_token', 'refused'],
    [200, 'incorrect_client_credentials', 'misconfigured'],
    [401, 'invalid_client', 'misconfigured'],
    [400, 'unauthorized_client', 'misconfigured'],
    [400, 'invalid_request', 'misconfigured'],
    [400, 'invalid_scope', 'misconfigured'],
    [400, 'interaction_required', 'refused'],
    [400, 'temporarily_unavailable', 'busy'],
    [400, 'server_error', 'busy'],
    [400, 'slow_down', 'busy']
  ])('%i %s is %s', (status, error, fault) => {
    expect(judge(status, { error }, { 'www-authenticate': 'Basic' })).toMatchObject({ fault, detail: error })
  })

  test('GitHub’s 200 with an error in JSON, and a 201 with one, are the error and no token', () => {
    for (const status of [200, 201]) {
      const github = {
        error: 'bad_refresh_token',
        error_description: 'incorrect or expired',
        error_uri: 'https://x.test'
      }
      expect(judge(status, github)).toMatchObject({ fault: 'refused', detail: 'bad_refresh_token' })
      expect(judge(status, { error: 'constructor' })).toMatchObject({ fault: 'misconfigured' })
    }
    expect(judge(201, { access_token: 'a', error: null })).toMatchObject({ ok: true })
  })

  test.each(['Bearer error="invalid_token"', 'Basic realm="a", DPoP algs="ES256"', 'Negotiate', '"'])(
    'the body behind WWW-Authenticate: %s is what is judged',
    (challenge) => {
      const headers = { 'www-authenticate': challenge }
      expect(judge(401, { error: 'invalid_grant' }, headers)).toMatchObject({
        fault: 'refused',
        detail: 'invalid_grant'
      })
      expect(judge(401, '', headers)).toMatchObject({ fault: 'garbled', detail: 'HTTP 401' })
      expect(judge(401, '<html>', { ...headers, 'content-type': 'text/html' })).toMatchObject({ fault: 'garbled' })
    }
  )

  describe('FM-06 a refresh token that is dead in words of the server’s own', () => {
    const refresh = (status: number, body: unknown, refreshBy: ReplyContext['refreshBy'] = 'registeredClient') =>
      judge(status, body, {}, { refreshBy })
    const invalid = (error_description: string, error = 'invalid_request') => ({ error, error_description })

    test.each(deadTokens)('$who: $status $body', ({ status, body }) => {
      expect(refresh(status, body)).toMatchObject({ fault: 'refused', inOwnWords: true, retryAfter: null })
      // Nobody signs in by a code or a device with a refresh token.
      expect(judge(status, body)).not.toMatchObject({ fault: 'refused' })
    })

    test('the standards’ own words are believed for good', () => {
      for (const error of ['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token', 'login_required'])
        expect(refresh(400, { error })).not.toHaveProperty('inOwnWords')
    })

    test.each(unclearRefusals)('$who: only a refusal that does not say of what', ({ status, body }) => {
      expect(refresh(status, body)).toMatchObject({ fault: 'unclear', detail: body.error })
      // Somebody who made a client can look whether it is still right.
      expect(refresh(400, body, 'ownClient')).toMatchObject({ fault: 'misconfigured', detail: body.error })
    })

    test('of a client made by hand too, where the words leave no doubt', () => {
      expect(refresh(400, invalid('The refresh token is invalid.'), 'ownClient')).toMatchObject({ fault: 'refused' })
      expect(refresh(401, [{ message: 'Bad credentials' }], 'ownClient')).toMatchObject({ fault: 'misconfigured' })
    })

    test.each([
      [400, '<h1>Bad Request: invalid refresh token</h1>'],
      [400, 'invalid_token'],
      [400, { message: 'Bad Request' }],
      [403, { message: 'Forbidden' }],
      [400, { error: 'Bad Request', message: 'Failed to refresh token' }],
      [401, []],
      [200, { ok: true }],
      [302, { error: 'invalid_token' }]
    ])('%i %j is no word of an authorization server', (status, body) => {
      expect(refresh(status, body)).toMatchObject({ fault: 'garbled' })
    })

    const json = { 'content-type': 'application/json; charset=utf-8' }
    const refreshWith = (
      headers: Record<string, string>,
      status: number,
      body: unknown,
      more: Partial<ReplyContext> = {}
    ) => judge(status, body, headers, { refreshBy: 'registeredClient', ...more })

    test.each(silentRefusals)('$who: $status $body does not say of what', ({ status, body }) => {
      const expected = { fault: 'unclear', detail: `HTTP ${status}` }
      expect(refreshWith(json, status, body)).toMatchObject(expected)
      expect(refreshWith({ 'content-type': 'application/problem+json' }, status, body)).toMatchObject(expected)
      // A page says so of itself, a client made by hand has settings, and nobody signs in with a refresh token.
      expect(refreshWith({ 'content-type': 'text/html' }, status, body)).toMatchObject({ fault: 'garbled' })
      expect(refreshWith(json, status, body, { refreshBy: 'ownClient' })).toMatchObject({ fault: 'garbled' })
      expect(judge(status, body, json)).toMatchObject({ fault: 'garbled' })
    })

    test('a sentence alone, as plain text or as a JSON string, that names the token', () => {
      for (const status of [400, 401, 403])
        for (const sentence of [
          'Invalid refresh token',
          'Invalid refresh token.\r\n',
          'refresh_token_expired',
          'The refresh token has been revoked',
          'invalid_grant',
          'Token expired',
          'Refresh token sent-refresh not found'
        ]) {
          const dead = { fault: 'refused', inOwnWords: true, detail: `HTTP ${status}` }
          expect(refreshWith({ 'content-type': 'text/plain; charset=utf-8' }, status, sentence)).toMatchObject(dead)
          expect(refreshWith(json, status, JSON.stringify(sentence))).toMatchObject(dead)
          expect(judge(status, sentence, { 'content-type': 'text/plain' })).toMatchObject({ fault: 'garbled' })
        }
      const text = { 'content-type': 'text/plain' }
      for (const sentence of [
        'Unauthorized',
        'Failed to refresh token',
        'Invalid CSRF token',
        'Your request was blocked',
        'Your session has expired. Log in to the network.',
        'See https://a.test/refresh-token#expired',
        '<p>Invalid refresh token</p>',
        `Invalid refresh token${' and more'.repeat(50)}`
      ])
        expect(refreshWith(text, 400, sentence)).toMatchObject({ fault: 'garbled' })
      expect(refreshWith({ 'content-type': 'text/html' }, 400, 'Invalid refresh token')).toMatchObject({
        fault: 'garbled'
      })
      expect(refreshWith(json, 401, '"Unauthorized"')).toMatchObject({ fault: 'unclear' })
      expect(refreshWith(text, 200, 'Invalid refresh token')).toMatchObject({ fault: 'garbled' })
      expect(refreshWith(text, 503, 'Invalid refresh token')).toMatchObject({ fault: 'busy' })
    })

    test('a bare 401 does not say of what; any other bare status, page or text may be a proxy’s', () => {
      expect(refreshWith({}, 401, '')).toMatchObject({ fault: 'unclear', detail: 'HTTP 401' })
      expect(refreshWith({ 'content-type': 'text/plain' }, 401, ' \r\n')).toMatchObject({ fault: 'unclear' })
      for (const status of [200, 302, 400, 403, 404])
        expect(refreshWith({}, status, '')).toMatchObject({ fault: 'garbled' })
      for (const status of [400, 401, 403])
        for (const [type, body] of [
          ['text/html', '<html>Just a moment…</html>'],
          ['text/plain', 'Access denied by policy'],
          ['application/json', '<html>']
        ] as const)
          expect(refreshWith({ 'content-type': type }, status, body)).toMatchObject({ fault: 'garbled' })
      for (const status of [200, 302, 404]) expect(refreshWith(json, status, {})).toMatchObject({ fault: 'garbled' })
      expect(refreshWith(json, 503, { message: 'Unauthorized' })).toMatchObject({ fault: 'busy' })
      expect(refreshWith(json, 403, { message: 'Request blocked by WAF' })).toMatchObject({ fault: 'garbled' })
      for (const message of ['API rate limit exceeded', 'Too Many Requests', 'Limit Exceeded', 'Down for maintenance'])
        expect(refreshWith(json, 403, { message })).toMatchObject({ fault: 'busy' })
    })

    test('what is said of the client or of a busy server stays that', () => {
      for (const error of ['invalid_client', 'invalid_scope', 'unsupported_grant_type', 'invalid_dpop_proof'])
        for (const [by, fault] of [['ownClient', 'misconfigured'] as const, ['registeredClient', 'unclear'] as const])
          expect(refresh(401, invalid('Invalid refresh token', error), by)).toMatchObject({ fault, detail: error })
      expect(refresh(400, { error: 'invalid_target' })).toMatchObject({ fault: 'misconfigured' })
      expect(refresh(503, { error: 'invalid_token' })).toMatchObject({ fault: 'busy' })
      expect(refresh(400, invalid('DPoP proof token expired', 'use_dpop_nonce'))).toMatchObject({ fault: 'busy' })
      expect(refresh(400, { error: 'temporarily_unavailable' })).toMatchObject({ fault: 'busy' })
      expect(refresh(200, { access_token: 'a', status: 'token_expired' })).toMatchObject({ ok: true })
    })

    test('hostile shapes cost little and do not come out', () => {
      expect(refresh(401, `${'['.repeat(5e4)}"invalid_token"${']'.repeat(5e4)}`)).toMatchObject({ fault: 'garbled' })
      expect(refresh(401, Array(1e5).fill('x '.repeat(9)))).toMatchObject({ fault: 'garbled' })
      expect(refresh(400, { error: 'x', message: 'token '.repeat(1e5) })).toMatchObject({ fault: 'unclear' })
    })
  })

  test('FM-12 a server that rejects `resource` leads to the quirk by name', () => {
    expect(judge(400, { error: 'invalid_target' })).toMatchObject({
      fault: 'misconfigured',
      detail: 'invalid_target; try leaving out the resource parameter'
    })
    const entra = {
      error: 'invalid_request',
      error_description: 'AADSTS901002: The resource request parameter is not supported.'
    }
    expect(judge(400, entra)).toMatchObject({ detail: 'invalid_request; try leaving out the resource parameter' })
  })

  test('a token echoed as an error code does not come out', () => {
    expect(judge(400, { error: 'sent' }, {}, { sent: ['sent'] })).toMatchObject({ detail: 'HTTP 400' })
    expect(judge(400, { error: 'no-such:sent-refresh' })).toMatchObject({ fault: 'misconfigured', detail: 'HTTP 400' })
  })
})

test('Retry-After in seconds and as a date', () => {
  const read = (text: string) => retryAfterOf(new Headers({ 'retry-after': text }), start)
  expect(read('120')).toBe(120_000)
  expect(read(new Date(start + 90_000).toUTCString())).toBe(90_000)
  expect(read(new Date(start - 90_000).toUTCString())).toBe(0)
  expect([read('-1'), read('soon'), read('1e9'), read('')]).toEqual([null, null, null, null])
})

describe('properties', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('invalid_grant'))
  const field = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.constant(null), fc.jsonValue())
  const bodies = fc.record(
    {
      access_token: field,
      error: fc.oneof(field, fc.constantFrom('invalid_grant', 'invalid_client')),
      expires_in: field,
      refresh_token: field,
      scope: field,
      token_type: field,
      refresh_expires_in: field
    },
    { requiredKeys: [] }
  )
  const statuses = fc.integer({ min: 100, max: 599 })

  test('nothing but a well-formed OAuth error is terminal, and nothing crashes', () => {
    fc.assert(
      fc.property(statuses, fc.oneof(texts, bodies), (status, body) => {
        const outcome = judge(status, body)
        const said = typeof body === 'object' && typeof body.error === 'string' ? body.error : null
        if (!outcome.ok && outcome.fault === 'refused') {
          expect(said).not.toBeNull()
          expect(status).toBeLessThan(500)
        }
        if (!outcome.ok) expect(outcome.detail).toMatch(/^[\x20-\x7e]{1,140}$/)
        else expect(outcome.tokens.expiresAt).toBeGreaterThan(start)
      }),
      { numRuns: 5000 }
    )
  })

  test('FM-25 no outcome prints a token', () => {
    const secret = fc.stringMatching(/^SECRET[A-Za-z0-9]{20}$/)
    fc.assert(
      fc.property(statuses, secret, secret, fc.boolean(), (status, access, sent, failed) => {
        const body = failed
          ? { error: `x${sent}`, error_description: sent }
          : { access_token: access, refresh_token: sent }
        const outcome = judge(status, body, {}, { sent: [sent] })
        expect(`${JSON.stringify(outcome)} ${inspect(outcome, { depth: 9, showHidden: true })}`).not.toMatch(/SECRET/)
      })
    )
  })
})
