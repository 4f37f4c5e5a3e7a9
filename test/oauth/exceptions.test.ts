// Breaches of the issuer rules that a person can allow, each for exactly one issuer, and that are proposed where they are seen.
// Without such an exception nothing is used that claims or lacks an issuer.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TokentrayError } from '../../app/contract/errors.ts'
import type { ServerConfig } from '../../app/contract/serverConfig.ts'
import { fitsTemplate, issuerProposals } from '../../app/oauth/quirks.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { begin, browse, configOf, setUp } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

/** Signs in; the issuer of the grant, or the error. */
async function signIn(more: Partial<ServerConfig> = {}): Promise<string | null | TokentrayError> {
  try {
    const signIn = await begin(setUp().oauth, configOf(fake.mcp, more))
    await browse(signIn)
    return (await signIn.grant).shape.issuer
  } catch (error) {
    if (error instanceof TokentrayError) return error
    throw error
  }
}

describe('an issuer that stands for all tenants', () => {
  const claim = (listed: string, claimed: string) => {
    fake.script('/.well-known/oauth-protected-resource/mcp', {
      body: { resource: fake.mcp, authorization_servers: [listed] }
    })
    const path = new URL(listed).pathname.replace(/\/$/, '')
    fake.script(`${path}/.well-known/openid-configuration`, { body: { ...metadataOf(fake.origin), issuer: claimed } })
  }

  test.each([
    ['/organizations/v2.0', '/{tenantid}/v2.0'],
    ['/common/v2.0', '/{tenantid}/v2.0'],
    ['/common', '/{tenantid}/'],
    ['/common/', '/%7Btenantid%7D'],
    ['/contoso.example/v2.0', '/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0']
  ])('%s, whose metadata says %s, is refused, proposed, and then used under its own name', async (path, said) => {
    const [listed, claimed] = [`${fake.origin}${path}`, `${fake.origin}${said}`]
    claim(listed, claimed)
    const error = await signIn()
    const change = { quirks: { acceptIssuer: claimed } }
    expect(error).toMatchObject({ code: 'issuerMismatch', proposals: [{ change, trust: 'seen' }] })
    expect((error as TokentrayError).proposals[0]?.reason).toContain(claimed)
    expect(await signIn(change)).toBe(listed)
    // The exception is for exactly that text.
    claim(listed, claimed.replace(fake.origin, `${fake.origin}/more`))
    expect(await signIn(change)).toMatchObject({ code: 'issuerMismatch', proposals: [] })
  })

  test('may name the tenant in its response, and no other issuer', async () => {
    const [listed, claimed] = [`${fake.origin}/common/v2.0`, `${fake.origin}/{tenantid}/v2.0`]
    claim(listed, claimed)
    const quirks = { acceptIssuer: claimed }
    const answering = (iss: string) =>
      fake.script('/authorize', ({ form }) => {
        const back = new URL(form.get('redirect_uri') ?? '')
        back.search = `${new URLSearchParams({ code: 'x', state: form.get('state') ?? '', iss })}`
        return { status: 302, headers: { location: back.href } }
      })
    for (const iss of [listed, claimed, `${fake.origin}/72f988bf/v2.0`]) {
      answering(iss)
      expect(await signIn({ quirks })).toBe(listed)
    }
    for (const iss of ['https://evil.example/72f988bf/v2.0', `${fake.origin}/a/b/v2.0`, fake.origin]) {
      answering(iss)
      expect(await signIn({ quirks })).toMatchObject({ code: 'issuerMismatch' })
    }
  })

  test.each([
    ['https://as.example/common', 'https://evil.example/{tenantid}'],
    ['https://as.example/common/v2.0', 'https://as.example/{tenantid}'],
    ['https://as.example/common', 'https://as.example/other'],
    ['https://as.example', 'https://as.example/{tenantid}'],
    ['https://as.example/common', 'http://as.example/{tenantid}'],
    ['https://as.example/common', 'https://as.example/{a b}'],
    ['https://as.example/common', `https://as.example/{${'x'.repeat(2000)}}`],
    [
      'https://as.example/72f988bf-86f1-41af-91ab-2d7cd011db47',
      'https://as.example/12f988bf-86f1-41af-91ab-2d7cd011db47'
    ]
  ])('%s with metadata of %s is no known breach', (listed, claimed) =>
    expect(issuerProposals(listed, claimed)).toEqual([])
  )

  test('of Microsoft Entra is proposed by its name, at its old address too', () => {
    const v1 = issuerProposals('https://login.microsoftonline.com/common', 'https://sts.windows.net/{tenantid}/')
    expect(v1[0]?.reason).toContain('Microsoft Entra')
    expect(fitsTemplate('https://as.example/{tenantid}', 'https://as.example/{tenantid}')).toBe(false)
  })
})

describe('an issuer that promises iss and does not send it', () => {
  const promise = (issuer = fake.origin) =>
    fake.script('/.well-known/oauth-authorization-server', {
      body: { ...metadataOf(issuer), authorization_response_iss_parameter_supported: true }
    })

  test('is refused by a sentence that names it, proposed, and then let in for this issuer only', async () => {
    promise()
    const change = { quirks: { allowMissingIss: fake.origin } }
    const error = await signIn()
    expect(error).toMatchObject({ code: 'responseInvalid', proposals: [{ change }] })
    expect((error as TokentrayError).message).toContain('lacks the issuer (iss)')
    expect(fake.to('/token')).toEqual([])
    expect(await signIn(change)).toBe(fake.origin)
    expect(await signIn({ quirks: { allowMissingIss: 'https://other.example' } })).toMatchObject({
      code: 'responseInvalid'
    })
  })

  test('must still send its own where it sends one', async () => {
    promise()
    fake.script('/authorize', ({ form }) => {
      const back = new URL(form.get('redirect_uri') ?? '')
      back.search = `?code=x&state=${form.get('state')}&iss=https://evil.example`
      return { status: 302, headers: { location: back.href } }
    })
    expect(await signIn({ quirks: { allowMissingIss: fake.origin } })).toMatchObject({ code: 'issuerMismatch' })
  })
})
