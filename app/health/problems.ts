// Plain words for the codes of Node, SQLite and Tokentray's own network layer, which a person cannot read.
// Sentences about failed requests and files put them after a colon, with the code behind for whoever searches for it.

const connection = 'connection error'
const certificate = 'the certificate could not be verified'

const words: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  ECONNABORTED: 'the connection was aborted',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'the connection timed out',
  ENOTFOUND: 'the host name was not found',
  EAI_AGAIN: 'the host name could not be looked up',
  EAI_FAIL: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host is unreachable',
  EHOSTDOWN: 'the host is down',
  ENETUNREACH: 'the network is unreachable',
  ENETDOWN: 'the network is down',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'the address is not available',
  EPROTO: 'the secure connection failed',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'the server did not respond in time',
  UND_ERR_BODY_TIMEOUT: 'the response stopped before it was complete',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the response was incomplete',
  UND_ERR_HEADERS_OVERFLOW: 'the response headers are too large',
  UND_ERR_ABORTED: 'the request was cancelled',
  UND_ERR_PRX_TLS: 'the secure connection to the proxy failed',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain contains a self-signed certificate',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOENT: 'not found',
  EEXIST: 'it already exists',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EBUSY: 'it is in use',
  EMFILE: 'too many files are open',
  not_regular: 'it is not a regular file',
  ELOOP: 'too many symbolic links',
  EIO: 'the disk could not be read or written',
  aborted: 'the request was cancelled',
  timeout: 'no response in time',
  proxy_timeout: 'the proxy settings could not be determined in time',
  network_error: connection,
  address_changed: 'the host name now points to another address',
  not_loopback: 'the host name leads to another computer, and without https nothing is sent there',
  too_large: 'the response is too large',
  unreadable: 'the response could not be decoded',
  not_json: 'the response is not JSON',
  request_impossible: 'the request could not be made'
}

/** For codes of a kind that are not listed one by one. */
const kinds: readonly [RegExp, string][] = [
  [/^SQLITE_(FULL|IOERR_(WRITE|SHMSIZE))/, 'the disk is full or could not be written'],
  [/^SQLITE_READONLY/, 'the file is read-only'],
  [/^SQLITE_(BUSY|LOCKED)/, 'another program is using the file'],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'the file is damaged'],
  [/^SQLITE_/, 'database error'],
  [/CERT|^UNABLE_TO_/, certificate],
  [/^ERR_(SSL|TLS)_/, 'the secure connection failed'],
  [/^HPE_/, 'the response is not valid HTTP'],
  [/^UND_ERR_/, connection],
  [/^E[A-Z_]{2,}$/, 'system error']
]

/**
 * A code in plain words with the code behind: "the connection was refused (ECONNREFUSED)". What is readable as it is
 * (`invalid_grant` of RFC 6749, "HTTP 503") stays as it is.
 */
export function sayProblem(code: string | undefined): string {
  if (!code) return 'unknown error'
  const plain = (Object.hasOwn(words, code) && words[code]) || kinds.find(([kind]) => kind.test(code))?.[1]
  return plain ? `${plain} (${code})` : code
}
