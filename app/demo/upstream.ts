// The demo's outside world: one authorization server and three MCP servers behind it, which behave differently.
// `steady` just works, `flaky` fails at random and recovers, `ending` needs a new sign-in after a while.
import type { Clock, Random } from '../base/clock.ts'
import { type Authority, startAuthority } from './authority.ts'
import type { FaultKind, FaultSettings, RequestFacts } from './faults.ts'
import { type McpServer, startMcpServer } from './mcpServer.ts'
import { approve } from './person.ts'

export type DemoServer = { id: 'steady' | 'flaky' | 'ending'; name: string; url: string; mcp: McpServer }

export type DemoUpstream = {
  authority: Authority
  servers: readonly DemoServer[]
  /** Opens an authorization URL and says yes: the demo's browser. */
  approve(authorizeUrl: string): Promise<void>
  stop(): Promise<void>
}

/** `accessTokenTtl` and `endsAfter` (life of the refresh tokens of `ending`, from the sign-in) in seconds. */
export async function startDemoUpstream(options: {
  clock: Clock
  random: Random
  accessTokenTtl?: number
  endsAfter?: number
  /** The sign-in page asks whoever opened it; otherwise it says yes by itself. */
  asksPerson?: boolean
}): Promise<DemoUpstream> {
  const { clock, random, accessTokenTtl = 20, endsAfter = 60, asksPerson = false } = options
  const urls = new Map<string, DemoServer['id']>()
  const authority = await startAuthority({
    accessTokenTtl,
    clock,
    asksPerson,
    forResource(resource) {
      const id = urls.get(resource)
      if (id === 'ending') return { refreshTokenTtl: endsAfter }
      // A reply lost after rotation must not end the flaky server for good: the old token stays good for a minute.
      return id === 'flaky' ? { reuseGrace: 60_000 } : {}
    }
  })
  const servers = await Promise.all(
    (['steady', 'flaky', 'ending'] as const).map(async (id): Promise<DemoServer> => {
      const name = `${id.slice(0, 1).toUpperCase()}${id.slice(1)}`
      const mcp = await startMcpServer({ authority, name })
      urls.set(mcp.url, id)
      return { id, name, url: mcp.url, mcp }
    })
  )
  const flaky = servers.find(({ id }) => id === 'flaky')?.url ?? ''
  authority.faults.decide(flakiness(flaky, random))

  return {
    authority,
    servers,
    approve: (authorizeUrl) => approve(authorizeUrl),
    async stop() {
      await Promise.all([authority.stop(), ...servers.map(({ mcp }) => mcp.stop())])
    }
  }
}

const whims: readonly FaultKind[] = ['503', '500', 'cutBefore', 'cutAfter', 'slow']

/** Half of the refreshes for `resource` fail, never more than two in a row, so that the grace is not outlived. */
export function flakiness(resource: string, random: Random): (facts: RequestFacts) => FaultSettings | null {
  let inARow = 0
  return (facts) => {
    if (facts.resource !== resource || facts.grantType !== 'refresh_token') return null
    if (inARow >= 2 || random() < 0.5) {
      inARow = 0
      return null
    }
    inARow += 1
    const kind = whims[Math.floor(random() * whims.length)] ?? '503'
    return { kind, retryAfter: 3, delay: 3000 }
  }
}
