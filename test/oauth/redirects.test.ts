// Endpoints that redirect: 307 and 308 within the origin are followed with the body, everything else is told and not followed.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { redirectTarget } from '../../app/net/redirects.ts'
import { type FakeServer, metadataOf, type Reply, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, configOf, grantOf, never, plain, refusal, setUp, signInFully } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

const to = (location: string, status: number): Reply => ({ status, headers: { location } })
const renew = () => setUp().oauth.renew(configOf(fake.mcp), grantOf(fake.origin), never)
/** The endpoints under other paths, from where the fake's own are reached by redirects. */
const moved = (endpoints: Record<string, string>) =>
  fake.script('/.well-known/oauth-authorization-server', { body: { ...metadataOf(fake.origin), ...endpoints } })

describe('within scheme, host and port', () => {
  test.each([307, 308])(
    'a token request is sent on with its body (%i), a code once only to each path',
    async (status) => {
      moved({ token_endpoint: `${fake.origin}/old/token`, registration_endpoint: `${fake.origin}/old/register` })
      fake.script('/old/token', to('/token', status))
      fake.script('/old/register', to(`${fake.origin}/register`, status))
      const grant = await signInFully(setUp().oauth, configOf(fake.mcp))
      expect(plain(grant.accessToken)).toMatch(/^access-/)
      expect(JSON.parse(fake.to('/register')[0]!.body)).toMatchObject({ client_name: 'Tokentray' })
      for (const path of ['/old/token', '/token']) {
        expect(fake.to(path)).toHaveLength(1)
        expect(fake.to(path)[0]!.form.get('grant_type')).toBe('authorization_code')
      }
    }
  )

  test('a token bound to a key gets a proof for the path that the request ends at', async () => {
    moved({ token_endpoint: `${fake.origin}/old/token` })
    fake.script('/old/token', to('/token', 307))
    await signInFully(setUp().oauth, configOf(fake.mcp, { dpop: true }))
    const [, claims = ''] = String(fake.to('/token')[0]!.headers.dpop).split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ htu: `${fake.origin}/token` })
  })

  test('three times at most', async () => {
    fake.script('/token', to('/token', 307))
    expect(await renew()).toMatchObject({ fault: 'garbled', detail: `HTTP 307 to ${fake.origin}/token` })
    expect(fake.to('/token')).toHaveLength(4)
  })

  test.each([301, 302, 303])('%i is not followed, since the body would be lost; where to is told', async (status) => {
    fake.script('/token', to('/elsewhere', status))
    expect(await renew()).toMatchObject({ fault: 'garbled', detail: `HTTP ${status} to ${fake.origin}/elsewhere` })
    fake.script('/register', to('/elsewhere', status))
    const sentence = await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'registrationRefused')
    expect(sentence).toContain(`HTTP ${status} to ${fake.origin}/elsewhere`)
    expect([fake.to('/elsewhere').length, fake.to('/register').length]).toEqual([0, 1])
  })
})

test.each([301, 302, 307, 308])('another origin gets nothing and is named without its path (%i)', async (status) => {
  const other = await startFakeServer()
  fake.script('/token', to(`${other.origin}/token?code=x`, status))
  fake.script('/register', to(`${other.origin}/register`, status))
  expect(await renew()).toMatchObject({ fault: 'garbled', detail: `HTTP ${status} to ${other.origin}` })
  expect(await refusal(begin(setUp().oauth, configOf(fake.mcp)), 'registrationRefused')).toContain(other.origin)
  expect(other.requests).toEqual([])
  await other.stop()
})

test('a redirect that loses https is named as such; nothing of the request is repeated', () => {
  const reply = (location: string) => new Response(null, { status: 307, headers: { location } })
  const at = 'https://a.example/token'
  expect(redirectTarget(reply('http://a.example/token/'), at)).toBe('http://a.example, which lost https')
  expect(redirectTarget(reply('/token/?code=x'), at)).toBe('https://a.example/token/')
  expect(redirectTarget(reply('/token/the-code'), at, ['the-code'])).toBe('https://a.example')
  expect(redirectTarget(reply('/%74oken'), at)).toBe('https://a.example')
  expect(redirectTarget(reply('https://user:pw@b.example/x'), at)).toBe('https://b.example')
  expect(redirectTarget(reply('https://['), at)).toBeNull()
  expect(redirectTarget(new Response(null, { status: 200, headers: { location: '/x' } }), at)).toBeNull()
})
