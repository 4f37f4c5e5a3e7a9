// Opens the gateway for `serve` and the desktop application, on the port kept from its first start.
// Where that fails, tokens are still kept alive, and each snapshot says why there is no gateway.
import type { Clock } from '../base/clock.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { Core } from '../core/core.ts'
import { type Gateway, startGateway } from '../gateway/gateway.ts'
import { keepPort, loopbackListeners, readPort } from '../settings/ports.ts'

export type GatewayChoice = {
  /** False: --no-gateway. */
  gateway?: boolean
  /** From now on; absent: the one kept, 4140 before the first start. */
  gatewayPort?: number
  /** See parsePublicUrl(). */
  publicUrl?: string
  /** Answers GET /metrics, to keys made for it. */
  metrics?: boolean
}

export type OpenedGateway = {
  /** `http://127.0.0.1:<port>`; null where it is off or could not be opened. */
  address: string | null
  /** One sentence on why it could not be opened. */
  problem: string | null
  close(): Promise<void>
}

/** Opens the gateway of `core` and tells the core's snapshots of it. `folder`: the owner's. Never rejects. */
export async function openGateway(
  core: Core,
  { folder, clock, choice }: { folder: string; clock: Clock; choice: GatewayChoice }
): Promise<OpenedGateway> {
  if (choice.gateway === false) return { address: null, problem: null, close: async () => {} }
  const publicUrl = choice.publicUrl ?? null
  let port = choice.gatewayPort ?? loopbackListeners.gateway.port
  let gateway: Gateway
  try {
    port = choice.gatewayPort ?? readPort(folder, loopbackListeners.gateway)
    gateway = await startGateway({
      ...core.gateway,
      clock,
      port,
      publicUrl,
      ...(choice.metrics && { scrape: core.scrape })
    })
    try {
      keepPort(folder, loopbackListeners.gateway, gateway.port)
    } catch (error) {
      await gateway.close()
      throw error
    }
  } catch (error) {
    const problem = asTokentrayError(error).message
    core.showGateway({ address: null, port, publicUrl, problem })
    return { address: null, problem, close: async () => {} }
  }
  const { address } = gateway
  core.showGateway({ address, port: gateway.port, publicUrl, problem: null })
  return { address, problem: null, close: gateway.close }
}

/** The origin under which a reverse proxy publishes the gateway. Throws `urlInvalid`. */
export function parsePublicUrl(text: string): string {
  const url = URL.parse(text)
  const isOrigin = url && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === ''
  if (url?.protocol === 'https:' && isOrigin) return url.origin
  throw new TokentrayError(
    'urlInvalid',
    `"${text}" is not a valid public URL for the gateway. Use https:// and a host, with an optional port and no path.`
  )
}
