// The steps for one's own client: every provider that the pages promise, found by its hosts, honest about its source.
import { expect, test } from 'vitest'
import { providerOf, providers } from '../../app/contract/providers.ts'

test('the providers often met are there, each with steps and a source or a word that there is none', () => {
  const names =
    'github google entra atlassian slack linear notion sentry hubspot salesforce auth0 okta keycloak cognito cloudflare stripe'
  expect(providers.map(({ id }) => id)).toEqual(names.split(' '))
  for (const { steps, trust, page } of providers) {
    expect(steps.length).toBeGreaterThan(1)
    expect(trust === 'cited').toBe(page !== null)
    if (page) expect(new URL(page).protocol).toBe('https:')
  }
})

test('a provider is found by a host or a subdomain of it, and by nothing that only looks alike', () => {
  expect(providerOf('api.githubcopilot.com')?.id).toBe('github')
  expect(providerOf('ACME.eu.auth0.com:443')?.id).toBe('auth0')
  expect(providerOf('notgithub.com')).toBe(null)
  expect(providerOf('github.com.evil.example')).toBe(null)
})
