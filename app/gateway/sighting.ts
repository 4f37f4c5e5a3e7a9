// Judges what one exchange through the gateway showed of the server itself, for the keeper to decide whether it works.
// Clients choose what they ask, so an error counts only at the server's own URL, and a failing tool is told as that tool's.
import type { Sighting } from '../health/outage.ts'
import type { Outcome } from './exchange.ts'

/** A tool's name is compared only; a longer one is cut. */
const maxToolChars = 200

/**
 * `isOwnAddress`: the request went to the server's configured URL itself. `body`: the request's, null: not kept. Reads the body
 * only where the exchange failed.
 */
export function sightingOf(outcome: Outcome, isOwnAddress: boolean, body: () => Buffer | null): Sighting {
  if (outcome.kind === 'failed') {
    const detail = outcome.error.code ?? 'network_error'
    return outcome.sent ? { kind: 'silent', detail, tool: calledTool(body()) } : { kind: 'unreachable', detail }
  }
  if (!isOwnAddress) return { kind: 'reached' }
  if (outcome.status >= 500) return { kind: 'failing', detail: `HTTP ${outcome.status}`, tool: calledTool(body()) }
  // A good answer that is not passed on is a page instead of MCP.
  return { kind: outcome.kind === 'streaming' && outcome.status < 300 ? 'well' : 'reached' }
}

/** The tool that the request calls (MCP, "Calling Tools"); null: it calls none, or several at once. */
function calledTool(body: Buffer | null): string | null {
  try {
    const { method, params } = JSON.parse(body?.toString() ?? '') as { method?: unknown; params?: { name?: unknown } }
    return method === 'tools/call' && typeof params?.name === 'string' ? params.name.slice(0, maxToolChars) : null
  } catch {
    return null
  }
}
