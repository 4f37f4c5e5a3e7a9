// Looks for the MCP server that a person means by a URL before anything of it is stored: a typing error must leave no server behind.
// A URL without a path is often a website's, and its MCP server is at /mcp or where the website's metadata says (RFC 9728).
import { TokentrayError } from '../contract/errors.ts'
import { NetworkFault } from '../net/request.ts'
import type { OAuthContext } from './context.ts'
import { checkServerUrl } from './discovery.ts'
import { explainError } from './explain.ts'
import type { Searched } from './port.ts'

type Look = {
  /** An MCP server answered, whatever may be wrong with what it says of its authorization server. */
  isFound: boolean
  error: unknown
}

/** See OAuth.findServer. */
export async function findServer(context: OAuthContext, server: Searched, signal: AbortSignal): Promise<string> {
  const given = server.url.trim()
  const url = checkServerUrl(given)
  const first = await look(context, server, signal)
  if (first.isFound) return given
  const hasPath = url.pathname !== '/' || url.search !== ''
  if (!hasPath && !isUnreachable(first.error))
    for (const guess of guessesFor(url, first.error))
      if ((await look(context, { ...server, url: guess }, signal)).isFound) return guess
  // Nothing answers at this path, but its authorization server is known: a server that refuses any first request looks so.
  if (!first.error) return given
  if (!hasPath && first.error instanceof TokentrayError)
    throw new TokentrayError(
      'notMcpServer',
      `There is no MCP server at ${url.origin}, neither at / nor at /mcp. Is the path right?`
    )
  throw explainError(first.error)
}

async function look(context: OAuthContext, server: Searched, signal: AbortSignal): Promise<Look> {
  let answers = false
  try {
    await context.search(server, signal, () => {
      answers = true
    })
    return { isFound: answers, error: null }
  } catch (error) {
    signal.throwIfAborted()
    const isElsewhere = error instanceof TokentrayError && elsewhere.has(error.code)
    return { isFound: answers && !isElsewhere, error }
  }
}

const elsewhere: ReadonlySet<string> = new Set(['resourceMismatch', 'notMcpServer', 'urlInvalid'])

/** No complete answer came, so none can be expected at another path of the same host. */
const isUnreachable = (error: unknown): boolean => error instanceof NetworkFault && !/^HTTP /.test(error.detail)

function guessesFor(url: URL, error: unknown): string[] {
  const named = error instanceof TokentrayError && error.cause instanceof URL ? [error.cause] : []
  const guesses = [...named.filter(({ origin }) => origin === url.origin), new URL('/mcp', url)]
  return [...new Set(guesses.map(({ href }) => href))]
}
