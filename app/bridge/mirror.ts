// Copies tool parameters into HTTP headers where a tool asks for it (`x-mcp-header`, MCP revision 2026-07-28).
// A client on stdio does not send headers, so the bridge adds them, as the tool lists that pass through it demand.
import { headerText, type Message } from './messages.ts'

type Repeated = { path: string[]; header: string }

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function createMirror() {
  const tools = new Map<string, Repeated[]>()

  return {
    /** Reads the tools in a result of `tools/list`; ignores any other result. */
    noteTools(result: unknown): void {
      if (!isRecord(result) || !Array.isArray(result.tools)) return
      for (const tool of result.tools)
        if (isRecord(tool) && typeof tool.name === 'string') tools.set(tool.name, repeatedIn(tool.inputSchema))
    },
    /** The `Mcp-Param-…` headers of a call. */
    headers({ method, params }: Message): Record<string, string> {
      const repeated = method === 'tools/call' && typeof params?.name === 'string' ? tools.get(params.name) : undefined
      const headers: Record<string, string> = {}
      for (const { path, header } of repeated ?? []) {
        const value = path.reduce<unknown>(
          (inner, name) => (isRecord(inner) ? inner[name] : undefined),
          params?.arguments
        )
        const isShort = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)
        if (isShort) headers[`mcp-param-${header}`] = headerText(String(value))
      }
      return headers
    }
  }
}

/** The marked parameters of a schema; only those reached by properties alone may be marked. */
function repeatedIn(schema: unknown, path: string[] = []): Repeated[] {
  if (!isRecord(schema)) return []
  const header = schema['x-mcp-header']
  const own =
    path.length > 0 && typeof header === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(header) ? [{ path, header }] : []
  const inner = isRecord(schema.properties) ? Object.entries(schema.properties) : []
  return [...own, ...inner.flatMap(([name, child]) => repeatedIn(child, [...path, name]))]
}
