// Sign-in by assertion (RFC 7523): read anew each time, from a file or a command, exchanged for an ID-JAG where one is wanted.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Secret } from '../../app/base/secret.ts'
import type { ServerConfig } from '../../app/contract/serverConfig.ts'
import { assertionReader } from '../../app/oauth/assertion.ts'
import { createOAuth } from '../../app/oauth/engine.ts'
import { type FakeServer, startFakeServer } from '../fakes/authorizationServer.ts'
import { configOf, grantOf, never, plain, refusal, setUp, signInFully } from './oauth.fixture.ts'

let fake: FakeServer
let folder: string
beforeEach(async () => {
  fake = await startFakeServer()
  folder = mkdtempSync(join(tmpdir(), 'tokentray-assertion-'))
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await fake.stop()
})

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const write = (text: string) => writeFileSync(join(folder, 'assertion'), text)
const config = (more: Partial<ServerConfig> = {}) =>
  configOf(fake.mcp, {
    grantKind: 'jwtBearer',
    clientId: 'workload',
    assertion: { file: join(folder, 'assertion') },
    ...more
  })

test('sends the assertion with scope and resource, and at each renewal the one that is there by then', async () => {
  write('first.assertion\n')
  const { oauth } = setUp()
  const grant = await signInFully(oauth, config())
  expect(grant.refreshToken === null || plain(grant.refreshToken)).toBeTruthy()
  write('second.assertion')
  expect((await oauth.renew(config(), { ...grantOf(fake.origin), ...grant }, never)).ok).toBe(true)
  const forms = fake.to('/token').map(({ form }) => Object.fromEntries(form))
  expect(forms[0]).toMatchObject({
    grant_type: jwtBearer,
    assertion: 'first.assertion',
    client_id: 'workload',
    scope: 'read write',
    resource: fake.mcp
  })
  expect(forms[1]).toMatchObject({ grant_type: jwtBearer, assertion: 'second.assertion' })
})

test('exchanges an ID token for an ID-JAG first: for this authorization server and this resource', async () => {
  write('the.id.token')
  fake.script('/idp', { body: { access_token: 'the.id.jag', token_type: 'N_A', issued_token_type: 'x' } })
  const identityProvider = { tokenEndpoint: `${fake.origin}/idp`, clientId: 'at-the-idp' }
  await signInFully(setUp().oauth, config({ identityProvider }), 'shh')
  expect(Object.fromEntries(fake.to('/idp')[0]?.form ?? [])).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    subject_token: 'the.id.token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience: fake.origin,
    resource: fake.mcp,
    scope: 'read write',
    client_id: 'at-the-idp'
  })
  const asked = fake.to('/token')[0]
  expect(asked?.form.get('assertion')).toBe('the.id.jag')
  expect(asked?.headers.authorization).toBe(`Basic ${Buffer.from('workload:shh').toString('base64')}`)
  fake.script('/idp', { status: 400, body: { error: 'invalid_grant' } })
  const outcome = await setUp().oauth.renew(config({ identityProvider }), grantOf(fake.origin), never)
  expect(outcome).toMatchObject({ ok: false, fault: 'misconfigured', detail: 'invalid_grant' })
  expect(fake.to('/token')).toHaveLength(1)
})

test('a client with a secret at the identity provider shows it there, and nowhere else', async () => {
  write('the.id.token')
  fake.script('/idp', { body: { access_token: 'the.id.jag', token_type: 'N_A' } })
  const identityProvider = { tokenEndpoint: `${fake.origin}/idp`, clientId: 'at-the-idp' }
  const { network, clock, registrations } = setUp()
  const identityProviderSecret = async (server: string) => (server === 'test' ? new Secret('for-the-idp') : null)
  const oauth = createOAuth({ network, clock, registrations, identityProviderSecret })
  await signInFully(oauth, config({ identityProvider }), 'shh')
  const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  expect(fake.to('/idp')[0]?.headers.authorization).toBe(basic('at-the-idp', 'for-the-idp'))
  expect(fake.to('/token')[0]?.headers.authorization).toBe(basic('workload', 'shh'))
  fake.script('/idp', { status: 400, body: { error: 'for-the-idp' } })
  expect(await oauth.renew(config({ identityProvider }), grantOf(fake.origin), never)).not.toMatchObject({
    detail: expect.stringContaining('for-the-idp')
  })
})

test('shows that secret as the ID token’s issuer lists it, where its metadata is about this token endpoint', async () => {
  const endpoint = `${fake.origin}/idp`
  fake.script('/idp', { body: { access_token: 'the.id.jag', token_type: 'N_A' } })
  const metadata = (more: object) => {
    const methods = { token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'] }
    fake.script('/realm/.well-known/openid-configuration', {
      body: { issuer: `${fake.origin}/realm`, token_endpoint: endpoint, ...methods, ...more }
    })
  }
  const idToken = (iss: string) => `e30.${Buffer.from(JSON.stringify({ iss })).toString('base64url')}.s`
  const identityProvider = { tokenEndpoint: endpoint, clientId: 'at-the-idp' }
  const { network, clock, registrations } = setUp()
  const identityProviderSecret = async () => new Secret('for-the-idp')
  const oauth = createOAuth({ network, clock, registrations, identityProviderSecret })
  const shown = async () => {
    await signInFully(oauth, config({ identityProvider }), 'shh')
    const { headers, form } = fake.to('/idp').at(-1)!
    return [headers.authorization !== undefined, form.get('client_id'), form.get('client_secret')]
  }
  const byBasic = [true, null, null]
  write(idToken(`${fake.origin}/realm`))
  metadata({})
  expect(await shown()).toEqual([false, 'at-the-idp', 'for-the-idp'])
  for (const other of [
    { token_endpoint: `${fake.origin}/elsewhere` },
    { issuer: `${fake.origin}/other` },
    { token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'] },
    { token_endpoint_auth_methods_supported: 7 }
  ]) {
    metadata(other)
    expect(await shown()).toEqual(byBasic)
  }
  metadata({})
  for (const iss of ['http://elsewhere.example', 'http://127.0.0.1:1', `${fake.origin}/none`, 'nonsense']) {
    write(idToken(iss))
    expect(await shown()).toEqual(byBasic)
  }
  // A fault on the way is no answer: another method than the one listed would be refused for good.
  write(idToken(`${fake.origin}/realm`))
  const before = fake.to('/idp').length
  for (const fault of [{ status: 503 }, 'cut'] as const) {
    fake.script('/realm/.well-known/openid-configuration', fault)
    expect(await oauth.renew(config({ identityProvider }), grantOf(fake.origin), never)).toMatchObject({
      fault: 'busy'
    })
  }
  expect(fake.to('/idp')).toHaveLength(before)
})

test('what is missing, unreadable or refused is for a person to mend, and is never shown', async () => {
  expect(await refusal(signInFully(setUp().oauth, config()), 'signInFailed')).toContain('assertion_unreadable')
  write('two words')
  expect(await refusal(signInFully(setUp().oauth, config()), 'signInFailed')).toContain('assertion_invalid')
  write('planted.assertion')
  fake.script('/token', { status: 400, body: { error: 'planted.assertion' } })
  expect(await refusal(signInFully(setUp().oauth, config()), 'signInFailed')).not.toContain('planted')
  fake.script('/token', { status: 503 })
  expect(await setUp().oauth.renew(config(), grantOf(fake.origin), never)).toMatchObject({ fault: 'busy' })
})

test('a command runs without a shell and without the passphrase; its failure says nothing it wrote', async () => {
  const read = assertionReader({ TOKENTRAY_PASSPHRASE: 'planted', OTHER: 'seen' })
  const script =
    'process.stdout.write([process.env.OTHER, process.env.TOKENTRAY_PASSPHRASE, process.argv[1]].join("|"))'
  const found = await read({ command: [process.execPath, '-e', script, '$HOME;true'] })
  expect(plain(found)).toBe('seen||$HOME;true')
  const failing = read({ command: [process.execPath, '-e', 'console.log("planted"); process.exit(1)'] })
  await expect(failing).rejects.toMatchObject({ code: 'assertion_command_failed', message: 'assertion_command_failed' })
  await expect(read({ command: ['/no/such/program'] })).rejects.toMatchObject({ code: 'assertion_command_failed' })
})
