// The table of providers: every one that the pages promise, found by its hosts, honest about its sources.
import { expect, test } from 'vitest'
import { changeWith, optionsOf } from '../../app/contract/quirks.ts'
import { type ServerConfig, serverConfig } from '../../app/contract/serverConfig.ts'
import { openProposals } from '../../app/providers/proposals.ts'
import { providerQuirks } from '../../app/providers/providerQuirks.ts'
import { providerAt, providerOf, providers } from '../../app/providers/providers.ts'

const configOf = (url: string, more: Partial<ServerConfig> = {}) =>
  serverConfig.parse({ id: 'one', name: 'One', url, grantKind: 'authorizationCode', ...more })

test('the providers often met are there, each with steps and a source or a word that there is none', () => {
  const names =
    'github google entra atlassian slack linear notion sentry hubspot salesforce auth0 okta keycloak cognito cloudflare stripe'
  const more = 'asana gitlab dropbox box figma intercom square supabase vercel zoom'
  expect(providers.map(({ id }) => id).toSorted()).toEqual(`${names} ${more}`.split(' ').toSorted())
  expect(new Set(providers.map(({ id }) => id)).size).toBe(providers.length)
  for (const { steps, trust, page } of providers) {
    expect(steps.length).toBeGreaterThan(1)
    expect(trust === 'cited').toBe(page !== null)
    if (page) expect(new URL(page).protocol).toBe('https:')
  }
})

test('every row of what is known belongs to a provider, and cites a page where it says that it does', () => {
  expect(Object.keys(providerQuirks).toSorted()).toEqual(providers.map(({ id }) => id).toSorted())
  for (const { says, trust, source } of Object.values(providerQuirks).flat()) {
    expect(says.endsWith('.')).toBe(true)
    // No provider was ever tried from here: the first who tries one writes `verified` and changes this line.
    expect(['cited', 'unverified']).toContain(trust)
    expect(trust === 'cited').toBe(source !== null)
    if (source) expect(new URL(source).protocol).toBe('https:')
  }
})

test('a provider is found by a host or a subdomain of it, and by nothing that only looks alike', () => {
  expect(providerOf('api.githubcopilot.com')?.id).toBe('github')
  expect(providerOf('ACME.eu.auth0.com:443')?.id).toBe('auth0')
  expect(providerOf('notgithub.com')).toBe(null)
  expect(providerOf('github.com.evil.example')).toBe(null)
  expect(providerOf('cognito-idp.eu-west-1.amazonaws.com')?.id).toBe('cognito')
  expect(providerOf('idp.amazonaws.com')).toBe(null)
  expect(providerAt('https://id.example.com/realms/main')?.id).toBe('keycloak')
  expect(providerAt('https://github.com@evil.example/mcp')).toBe(null)
  expect(providerAt('nonsense')).toBe(null)
})

test('what a known provider needs is proposed before the first sign-in, once, with its mark and source', () => {
  const config = configOf('https://gmailmcp.googleapis.com/mcp/v1', { params: { hd: 'example.com' } })
  const proposals = openProposals(config, false, [])
  expect(proposals.map(({ change, trust }) => [change, trust])).toEqual([
    [{ quirks: { acceptIssuerSlash: true } }, 'cited'],
    [{ params: { access_type: 'offline', prompt: 'consent' } }, 'cited']
  ])
  for (const { source } of proposals) expect(source).toMatch(/^https:/)
  expect(openProposals(config, true, [])).toEqual([])
  const params = { access_type: 'offline', prompt: 'consent' }
  expect(openProposals({ ...config, params, quirks: { acceptIssuerSlash: true } }, false, proposals)).toEqual([])
  expect(openProposals({ ...config, grantKind: 'staticToken' }, false, proposals)).toEqual([])
  expect(openProposals(configOf('https://mcp.example.com/mcp'), false, [])).toEqual([])
})

test('Entra’s relaxations are proposed at its issuers alone, not at all that Microsoft or its customers run', () => {
  for (const host of [
    'mcp.svc.microsoft.com',
    'learn.microsoft.com',
    'acme.westeurope.cloudapp.azure.com',
    'office.com'
  ]) {
    expect(openProposals(configOf(`https://${host}/mcp`), false, [])).toEqual([])
    expect(providerAt(`https://${host}/`)).toBe(null)
    // Its steps for a client of one's own are shown there all the same.
    expect(providerOf(host)?.id).toBe('entra')
  }
  for (const issuer of ['https://login.microsoftonline.com/t/v2.0', 'https://acme.ciamlogin.com/t/v2.0'])
    expect(openProposals(configOf(issuer), false, []).map(({ change }) => change)).toEqual([
      { quirks: { omitResource: true } },
      { quirks: { allowMissingPkceMetadata: true } }
    ])
  expect(providerAt('https://login.microsoftonline.com.evil.example/')).toBe(null)
})

test('a proposal becomes options that keep the parameters set already', () => {
  const change = changeWith(
    { params: { prompt: 'consent' }, quirks: { omitResource: true } },
    { params: { a: "it's b" } }
  )
  expect(optionsOf(change)).toEqual(['--omit-resource on', `--param 'a=it'\\''s b'`, '--param prompt=consent'])
})
