// The two documents by which clients find their way (RFC 8414, RFC 9728), made for the very name they asked by.
// A client compares strings, and `localhost` is not `127.0.0.1`: so issuer and resource follow the origin of each request.

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
 * Protected resource metadata of one server; '': of the origin as a whole. It is public, so it is the same for every name a
 * server could have: it tells nobody which there are.
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
 * Any loopback name will do: the token belongs to the server, not to the name it was asked by.
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
