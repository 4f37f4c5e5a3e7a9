// The addresses for messages that upstreams named in open event streams (MCP's transport of 2024-11-05), under random names.
// A name leads to its address for the caller that opened the stream only: anyone else could post into that caller's session.
import { randomBytes } from 'node:crypto'

/** Of one caller at one server: an upstream that names ever more must not fill the memory. */
const maxEndpoints = 64

/** In place of a random name: the address is not the upstream's, and one too many. */
const refusals = ['elsewhere', 'full'] as const
export type RefusedEndpoint = (typeof refusals)[number]

export type Endpoint = {
  origin: string
  /** With its query, to be asked for as it is. */
  path: string
  /** Whether the answers to the stream's own URL judge the token. */
  isJudged: boolean
  /** Stands for the session, as an `Mcp-Session-Id` would. */
  session: string
}

/** The endpoints of one stream. */
export type EndpointStream = {
  /** The name for `address`, which the upstream wrote: the same one as long as this stream names it again and again. */
  add(address: string): string
  /** The stream ended: its names lead nowhere. */
  close(): void
}

export type Endpoints = ReturnType<typeof createEndpoints>

export function createEndpoints() {
  const byHolder = new Map<string, Map<string, Endpoint>>()

  return {
    /** `holder`: one caller at one server. Undefined: there is none of this name for it. */
    find: (holder: string, name: string): Endpoint | RefusedEndpoint | undefined =>
      refusals.find((refusal) => refusal === name) ?? byHolder.get(holder)?.get(name),
    /** `url`: the upstream's that answered with the stream; addresses are relative to it. */
    open(holder: string, url: URL, isJudged: boolean, session: string): EndpointStream {
      /** The names that this stream gave out, by address; the one that was named last is at the end. */
      const mine = new Map<string, string>()
      const drop = (path: string, name: string) => {
        mine.delete(path)
        byHolder.get(holder)?.delete(name)
      }
      return {
        add(address) {
          const named = URL.parse(address, url.href)
          const { origin } = url
          if (named?.origin !== origin || named.username !== '' || named.password !== '') return 'elsewhere'
          const path = `${named.pathname}${named.search}`
          const known = mine.get(path)
          if (known !== undefined) {
            mine.delete(path)
            mine.set(path, known)
            return known
          }
          const endpoints = byHolder.get(holder) ?? new Map<string, Endpoint>()
          if (endpoints.size >= maxEndpoints) {
            // Clients use the newest address of a stream, so its oldest makes room. Other streams' addresses are left alone.
            const [oldest] = mine
            if (!oldest) return 'full'
            drop(...oldest)
          }
          const name = randomBytes(16).toString('base64url')
          byHolder.set(holder, endpoints.set(name, { origin, path, isJudged, session }))
          mine.set(path, name)
          return name
        },
        close() {
          for (const [path, name] of mine) drop(path, name)
          if (byHolder.get(holder)?.size === 0) byHolder.delete(holder)
        }
      }
    }
  }
}
