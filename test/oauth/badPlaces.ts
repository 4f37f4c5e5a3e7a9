// Every way in which a place of metadata can be bad, as data: a pointer to a document, or one of several authorization servers.
// badPlaces.test.ts proves each row on a real server; build/coverage.ts writes the same rows to docs/protocol-coverage.md.
import { metadataOf, type Reply } from '../fakes/authorizationServer.ts'

/** A place that is bad: `url` where the address itself is, else the `reply` there. */
export type BadPlace = { what: string; url?: string; reply?: Reply; alone: string }

/** `alone`: what comes of it where no other place has the document, but the MCP server's origin has server metadata. */
export const badPointers: BadPlace[] = [
  { what: 'no URL', url: 'https://', alone: 'signed in' },
  { what: 'an `http` URL', url: 'http://plain.example/metadata', alone: 'signed in' },
  { what: 'a host that cannot be resolved', url: 'https://nowhere.invalid/metadata', alone: 'signed in' },
  { what: 'a port where nothing listens', url: 'https://127.0.0.1:1/metadata', alone: 'signed in' },
  { what: '404', reply: { status: 404 }, alone: 'signed in' },
  { what: '401', reply: { status: 401 }, alone: 'signed in' },
  { what: '410', reply: { status: 410 }, alone: 'signed in' },
  { what: '200, HTML', reply: { body: '<h1>Welcome</h1>' }, alone: 'signed in' },
  { what: '200, JSON cut short', reply: { body: '{"resource":' }, alone: 'signed in' },
  { what: '200, a JSON array', reply: { body: [] }, alone: 'signed in' },
  { what: '429', reply: { status: 429 }, alone: 'serverBusy' },
  { what: '500', reply: { status: 500 }, alone: 'serverBusy' },
  { what: '503', reply: { status: 503 }, alone: 'serverBusy' },
  { what: 'connection cut', reply: 'cut', alone: 'replyLost' },
  { what: 'no `resource`', reply: { body: { authorization_servers: [] } }, alone: 'metadataInvalid' },
  {
    what: 'another resource',
    reply: { body: { resource: 'https://other.example/mcp', authorization_servers: [] } },
    alone: 'resourceMismatch'
  }
]

/** An authorization server that is of no use: its entry in the list, its metadata, or its answer to a registration. */
export type BadIssuer = {
  what: string
  listed?: string
  metadata?: (issuer: string) => Reply
  registration?: Reply
  alone: string
}

const but = (change: (issuer: string) => Record<string, unknown>) => (issuer: string) => ({
  body: { ...metadataOf(issuer), ...change(issuer) }
})

/** `alone`: what comes of it where no other authorization server is named. */
export const badIssuers: BadIssuer[] = [
  { what: 'no URL', listed: 'nonsense', alone: 'metadataInvalid' },
  { what: 'a URL with a user name', listed: 'https://me@as.example', alone: 'metadataInvalid' },
  { what: 'an `http` URL', listed: 'http://as.example', alone: 'metadataInvalid' },
  { what: 'a host that cannot be resolved', listed: 'https://nowhere.invalid', alone: 'serverUnreachable' },
  { what: 'a port where nothing listens', listed: 'https://127.0.0.1:1', alone: 'serverUnreachable' },
  { what: 'no metadata: 404', metadata: () => ({ status: 404 }), alone: 'metadataInvalid' },
  { what: 'no metadata: 403', metadata: () => ({ status: 403 }), alone: 'metadataInvalid' },
  { what: 'no metadata: HTML', metadata: () => ({ body: '<h1>Welcome</h1>' }), alone: 'metadataInvalid' },
  { what: 'metadata: 429', metadata: () => ({ status: 429 }), alone: 'serverBusy' },
  { what: 'metadata: 503', metadata: () => ({ status: 503 }), alone: 'serverBusy' },
  { what: 'metadata: connection cut', metadata: () => 'cut', alone: 'replyLost' },
  {
    what: 'metadata of another issuer',
    metadata: () => ({ body: metadataOf('https://other.example') }),
    alone: 'issuerMismatch'
  },
  { what: 'no `token_endpoint`', metadata: but(() => ({ token_endpoint: undefined })), alone: 'metadataInvalid' },
  {
    what: 'an `http` `token_endpoint`',
    metadata: but(() => ({ token_endpoint: 'http://as.example/token' })),
    alone: 'metadataInvalid'
  },
  {
    what: 'no `authorization_endpoint`',
    metadata: but(() => ({ authorization_endpoint: undefined })),
    alone: 'metadataInvalid'
  },
  {
    what: 'no PKCE with S256',
    metadata: but(() => ({ code_challenge_methods_supported: ['plain'] })),
    alone: 'pkceUnsupported'
  },
  {
    what: 'no `registration_endpoint`',
    metadata: but(() => ({ registration_endpoint: undefined })),
    alone: 'registrationUnsupported'
  },
  {
    what: 'registration refused: 400',
    registration: { status: 400, body: { error: 'invalid_client_metadata' } },
    alone: 'registrationRefused'
  },
  { what: 'registration refused: 403', registration: { status: 403 }, alone: 'registrationRefused' },
  { what: 'registration: 503', registration: { status: 503 }, alone: 'serverBusy' }
]
