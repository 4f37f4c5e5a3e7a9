// What is recorded of one OAuth provider: its hosts, its redirect address, and the steps to make a client there.
// Types only; the rows are in identityProviders.ts and serviceProviders.ts.

export type Provider = {
  id: string
  name: string
  /** Hosts of its MCP and authorization servers; their subdomains count too. Empty: it runs under its customers' names. */
  hosts: readonly string[]
  /** Hosts of its issuers, where much else lives under `hosts`: only there is it sure that its ways are to be expected. */
  issuerHosts?: readonly string[]
  /** How the path of its issuers begins, where its hosts are its customers'. */
  issuerPath?: string
  /** Which loopback host the provider is known to take as a redirect address. */
  redirectHost: '127.0.0.1' | 'localhost'
  steps: readonly string[]
  trust: 'verified' | 'cited' | 'unverified'
  /** The page the steps were read on. */
  page: string | null
}
