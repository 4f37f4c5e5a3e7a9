// The metadata documents by which clients discover the gateway (RFC 8414, RFC 9728), made for the host they asked under.
// Clients compare strings, and `localhost` is not `127.0.0.1`, so issuer and resource follow each request's origin.

/** Authorization server metadata; the issuer is the origin, without a path. */
export function serverMetadata(origin: string) {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: `${origin}/revoke`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true
  }
}

/**
 * Protected resource metadata of one server; '': of the origin as a whole. It is public, so it is served for
 * every possible id and does not reveal which servers there are.
 */
export function resourceMetadata(origin: string, server: string) {
  return {
    resource: server ? `${origin}/${server}` : origin,
    resource_name: server ? `${server} (through Tokentray)` : 'Tokentray',
    authorization_servers: [origin],
    bearer_methods_supported: ['header']
  }
}

/** The server whose metadata `path` asks for: the id, '' for the root's, or null where it is none of these paths. */
export function resourceOfPath(path: string): string | null {
  const [, rest] = /^\/\.well-known\/oauth-protected-resource(\/.*)?$/.exec(path) ?? []
  if (rest === undefined) return path === '/.well-known/oauth-protected-resource' ? '' : null
  return decodeSegment(rest.slice(1).split('/')[0] ?? '')
}

/**
 * The server a `resource` parameter (RFC 8707) names: '' for the origin itself, null for something that is not ours.
 * Any loopback name is accepted: the token is for the server, whatever this machine is called.
 */
export function serverOfResource(resource: string, origin: string): string | null {
  const [url, own] = [URL.parse(resource), new URL(origin)]
  if (!url || url.hash || url.search || url.username || url.password) return null
  const isOurs = url.origin === own.origin || (isLoopback(url) && isLoopback(own) && url.port === own.port)
  return isOurs ? decodeSegment(url.pathname.slice(1).split('/')[0] ?? '') : null
}

const isLoopback = ({ protocol, hostname }: URL) =>
  protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
