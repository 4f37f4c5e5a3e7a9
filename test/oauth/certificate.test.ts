// The client certificate of a server goes with every request about it: a guarded authorization server answers no other.
// What a TLS server really sees of it is in corporate.test.ts.
import { expect, onTestFinished, test } from 'vitest'
import type { SendRequest } from '../../app/net/request.ts'
import { createOAuth } from '../../app/oauth/engine.ts'
import { metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import {
  configOf,
  grantOf,
  heldClock,
  memoryRegistrations,
  never,
  plain,
  signInFully,
  testNetwork
} from './oauth.fixture.ts'

test('from discovery to revocation, with a browser or alone', async () => {
  const fake = await startFakeServer()
  onTestFinished(() => fake.stop())
  const clientCertificate = { certificateFile: '/mine.pem', keyFile: '/mine.key' }
  const clock = heldClock()
  const network = testNetwork(clock)
  const bare: string[] = []
  const withCertificate: string[] = []
  const guarded: SendRequest = (url, { certificate, ...request } = {}) => {
    const seen = certificate?.keyFile === clientCertificate.keyFile
    ;(seen ? withCertificate : bare).push(new URL(url).pathname)
    return network(url, request)
  }
  const oauth = createOAuth({ network: guarded, clock, registrations: memoryRegistrations() })
  fake.script('/.well-known/oauth-authorization-server', {
    body: {
      ...metadataOf(fake.origin),
      userinfo_endpoint: `${fake.origin}/userinfo`,
      introspection_endpoint: `${fake.origin}/introspect`
    }
  })
  const config = configOf(fake.mcp, { clientCertificate, scope: 'openid' })
  const made = await signInFully(oauth, config)
  // Neither taken nor refused, so the authorization server is asked too.
  fake.script('/mcp', { status: 503 })
  const token = { accessToken: made.accessToken, tokenType: 'Bearer', dpopKey: null }
  await oauth.verify(config, token, made.shape, never)
  const grant = grantOf(fake.origin)
  expect(await oauth.renew(config, grant, never)).toMatchObject({ ok: true })
  await oauth.revoke(config, grant, never)
  await oauth.deleteClient(config, fake.origin, { uri: `${fake.origin}/client`, accessToken: made.accessToken }, never)
  const tokenEndpoint = `${fake.origin}/token`
  const alone = configOf(fake.mcp, {
    clientCertificate,
    grantKind: 'clientCredentials',
    clientId: 'robot',
    tokenEndpoint
  })
  expect(plain((await signInFully(oauth, alone, 'secret')).accessToken)).toMatch(/^access/)
  expect(bare).toEqual([])
  expect([...new Set(withCertificate)]).toEqual(
    expect.arrayContaining(['/mcp', '/register', '/token', '/userinfo', '/introspect', '/revoke', '/client'])
  )
})
