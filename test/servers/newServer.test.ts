// New servers: ids from hosts and names, reserved names, and the first grant where tokens are given.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expose } from '../../app/base/secret.ts'
import { serverId } from '../../app/contract/serverConfig.ts'
import type { ServerView } from '../../app/contract/views.ts'
import { buildServer, chooseId, deriveId, grantFromTokens } from '../../app/servers/newServer.ts'

const now = Date.UTC(2026, 0, 2, 12)
const none: ServerView[] = []
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`

test.each([
  [2 ** 63, 10 * 365 * 86_400_000],
  [253_402_300_799_000, 10 * 365 * 86_400_000],
  [0, null],
  [-5, null]
])('a token that says it ends at %d s is kept for %d ms, which every clock can show', (exp, length) => {
  const { grant } = buildServer({ url: 'https://a.example', accessToken: jwt({ exp }) }, none, now)
  expect(grant?.expiresAt).toBe(length && now + length)
  const given = { accessToken: 'a', expiresAt: 1e300 }
  expect(buildServer({ url: 'https://a.example', ...given }, none, now).grant?.expiresAt).toBeLessThan(8e15)
})

describe('ids', () => {
  test.each([
    ['https://mcp.linear.app/mcp', 'linear'],
    ['https://api.githubcopilot.com/mcp/', 'githubcopilot'],
    ['https://mcp.notion.com', 'notion'],
    ['http://localhost:3000/mcp', 'localhost'],
    ['http://127.0.0.1:3000/mcp', '127.0.0.1'],
    ['https://health.example/mcp', 'health-2']
  ])('%s is called %s', (url, id) => {
    expect(deriveId(new URL(url), new Set())).toBe(id)
  })

  test('property: any host gives a valid, free id', () => {
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        const id = deriveId(new URL(url), new Set(['example']))
        expect(serverId.safeParse(id).success).toBe(true)
        expect(id).not.toBe('example')
      })
    )
  })

  test('reserved names are refused, given names are made into ids', () => {
    expect(() => buildServer({ url: 'https://a.example', name: 'Metrics' }, none, now)).toThrow(/is reserved/)
    expect(buildServer({ url: 'https://a.example', name: 'My GitHub' }, none, now).config).toMatchObject({
      id: 'my-github',
      name: 'My GitHub'
    })
  })

  test.each([
    ['тест', 'a'],
    ['日本語', 'a'],
    ['١٢', 'a'],
    ['Мой GitHub', 'github']
  ])('the name %s is taken as it is: what it has no id for, the host has', (name, id) => {
    expect(buildServer({ url: 'https://mcp.a.example', name }, none, now).config).toMatchObject({ id, name })
  })

  test('a second account at one URL gets an id of its own, kept accounts keep theirs', () => {
    const url = 'https://mcp.a.example'
    const existing = [{ id: 'a', url }]
    expect(chooseId({ url, name: 'тест' }, existing)).toEqual({ id: 'a-2', exists: false })
    expect(chooseId({ url, name: 'тест', keepExisting: true }, existing)).toEqual({ id: 'a', exists: true })
  })

  test.each(['!!!', '—', '\u200b'])('a name without a letter or digit, %j, is refused', (name) => {
    expect(() => buildServer({ url: 'https://a.example', name }, none, now)).toThrow(/at least one letter or digit/)
  })
})

test.each([
  ['not a url', /is not a valid URL/],
  ['ftp://a.example', /is not a valid URL/],
  ['http://a.example/mcp', /Use https:/],
  ['https://me:pw@a.example/mcp', /from the URL/]
])('the URL %s is refused with what to do', (url, words) => {
  expect(() => buildServer({ url }, none, now)).toThrow(words)
})

describe('tokens given by hand', () => {
  test("FM-10 a JWT's own expiry is used; a token without one has no known expiry", () => {
    const exp = now / 1000 + 600
    const known = buildServer({ url: 'https://a.example', accessToken: jwt({ exp }) }, none, now)
    expect(known.config.grantKind).toBe('staticToken')
    expect(known.grant).toMatchObject({ expiresAt: now + 600_000, expirySource: 'jwt', refreshToken: null })
    expect(buildServer({ url: 'https://a.example', accessToken: 'opaque' }, none, now).grant).toMatchObject({
      expiresAt: null,
      expirySource: 'none'
    })
  })

  test('a refresh token alone is due at once and keeps its shape', () => {
    const { config, grant } = buildServer(
      {
        url: 'https://a.example',
        refreshToken: 'r',
        tokenEndpoint: 'https://as.example/token',
        clientId: 'c',
        clientSecret: 's'
      },
      none,
      now
    )
    expect(config.grantKind).toBe('refreshToken')
    expect(grant).toMatchObject({
      expiresAt: now,
      shape: { tokenEndpoint: 'https://as.example/token', clientId: 'c', registration: 'preRegistered' }
    })
    expect(expose(grant!.refreshToken!)).toBe('r')
    expect(JSON.stringify(config)).not.toContain('"s"')
  })

  test.each([
    [{ refreshToken: 'r' }, /token endpoint/],
    [{ grantKind: 'clientCredentials' as const, clientId: 'c' }, /client secret/],
    [{ grantKind: 'staticToken' as const }, /A token is required/]
  ])('what is missing is named', (input, words) => {
    expect(() => buildServer({ url: 'https://a.example', ...input }, none, now)).toThrow(words)
  })
})

describe('a new token for a server that has one', () => {
  const { config } = buildServer({ url: 'https://a.example', accessToken: 'old' }, none, now)

  test('replaces it', () => {
    expect(expose(grantFromTokens({ accessToken: 'new' }, config, null, now).accessToken)).toBe('new')
  })

  test('must be of the kind the server keeps', () => {
    expect(() => grantFromTokens({ refreshToken: 'r' }, config, null, now)).toThrow(/uses a static token/)
    const signedIn = buildServer({ url: 'https://a.example' }, none, now).config
    expect(() => grantFromTokens({ accessToken: 'a' }, signedIn, null, now)).toThrow(/by signing in/)
  })
})
