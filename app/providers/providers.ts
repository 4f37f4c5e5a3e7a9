// Steps for making one's own OAuth client at providers that are often met, as data for every door.
// Names of menus change: each entry says whether its steps were tried (`verified`), read on the page named (`cited`), or neither.
import { identityProviders } from './identityProviders.ts'
import type { Provider } from './provider.ts'
import { serviceProviders } from './serviceProviders.ts'

export const providers: readonly Provider[] = [...serviceProviders, ...identityProviders]

/** The provider whose host `host` is or lies under; null where none is known. A label `*` stands for any one label. */
export function providerOf(host: string): Provider | null {
  return providers.find(({ hosts }) => isUnder(host, hosts)) ?? null
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
 * The provider whose needs may be proposed at a URL, an MCP server's or an issuer's: by its host, narrowly, else by how
 * its issuers look.
 */
export function providerAt(url: string): Provider | null {
  const [, host = '', path = ''] = /^https?:\/\/(?:[^/?#]*@)?([^/?#]*)([^?#]*)/i.exec(url) ?? []
  const byHost = providers.find(({ hosts, issuerHosts = hosts }) => isUnder(host, issuerHosts))
  return byHost ?? providers.find(({ issuerPath }) => issuerPath && path.startsWith(issuerPath)) ?? null
}
