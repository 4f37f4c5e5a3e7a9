// The record of one OAuth provider: its hosts, the redirect address it accepts, and the steps to create a client there.
// Types only; the records are in identityProviders.ts and serviceProviders.ts.

export type Provider = {
  id: string
  name: string
  /** Hosts of its MCP and authorization servers, with their subdomains. Empty: it runs on its customers' own hosts. */
  hosts: readonly string[]
  /** Hosts of its issuers, where `hosts` serve other things too: only at these are its quirks proposed. */
  issuerHosts?: readonly string[]
  /** Hosts that the endpoints of one of its authorization servers are spread over, where these are of several sites. */
  endpointHosts?: readonly string[]
  /** How the path of its issuers begins, for a provider on its customers' hosts. */
  issuerPath?: string
  /** The loopback host that the provider accepts in a redirect URI. */
  redirectHost: '127.0.0.1' | 'localhost'
  steps: readonly string[]
  trust: 'verified' | 'cited' | 'unverified'
  /** The page that the steps are taken from. */
  page: string | null
}
