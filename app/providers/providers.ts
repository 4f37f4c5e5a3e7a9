// Finds the record of a provider by a host or a URL. The records have steps to create an OAuth client there.
// Menus change, so each says whether its steps were tried (`verified`), taken from a page (`cited`), or neither (`unverified`).
import { identityProviders } from './identityProviders.ts'
import type { Provider } from './provider.ts'
import { serviceProviders } from './serviceProviders.ts'

export const providers: readonly Provider[] = [...serviceProviders, ...identityProviders]

/** The provider with this host or one above it; null: unknown. In a provider's hosts, `*` stands for any one label. */
export function providerOf(host: string): Provider | null {
  return providers.find(({ hosts }) => isUnder(host, hosts)) ?? null
}

/** Whether these hosts, of one authorization server's issuer and endpoints, are known to belong to one provider. */
export function isOneProvider(endpointHosts: readonly string[]): boolean {
  return providers.some(({ endpointHosts: known = [] }) => endpointHosts.every((host) => isUnder(host, known)))
}

function isUnder(host: string, known: readonly string[]): boolean {
  const labels = host.toLowerCase().replace(/:\d+$/, '').split('.').reverse()
  return known.some((one) =>
    one
      .split('.')
      .reverse()
      .every((label, at) => labels[at] !== undefined && (label === '*' || label === labels[at]))
  )
}

/**
 * The provider whose quirks may be proposed at a URL, of an MCP server or an issuer: by its host (only `issuerHosts`, where a
 * provider has them), else by the path of its issuers.
 */
export function providerAt(url: string): Provider | null {
  const [, host = '', path = ''] = /^https?:\/\/(?:[^/?#]*@)?([^/?#]*)([^?#]*)/i.exec(url) ?? []
  const byHost = providers.find(({ hosts, issuerHosts = hosts }) => isUnder(host, issuerHosts))
  return byHost ?? providers.find(({ issuerPath }) => issuerPath && path.startsWith(issuerPath)) ?? null
}
