// Opens the gateway for `serve` and the desktop application, on the port kept from its first start.
// Where that fails, tokens are still kept alive, and each snapshot says why there is no gateway.
import type { Clock } from '../base/clock.ts'
import type { Output } from '../contract/commands.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { Core } from '../core/core.ts'
import { type Gateway, startGateway } from '../gateway/gateway.ts'
import { findPortHolder, type PortHolder } from '../net/portHolder.ts'
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
  o: { folder: string; clock: Clock; choice: GatewayChoice; holderOf?: (port: number) => PortHolder | null }
): Promise<OpenedGateway> {
  const { folder, clock, choice, holderOf = findPortHolder } = o
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
    let problem = asTokentrayError(error).message
    if (isInUse(error) && !isOurs(holderOf(port))) {
      lockOnceOpen(core)
      problem = `${problem} ${lockedSentence}`
    }
    core.showGateway({ address: null, port, publicUrl, problem })
    return { address: null, problem, close: async () => {} }
  }
  const { address } = gateway
  core.showGateway({ address, port: gateway.port, publicUrl, problem: null })
  return { address, problem: null, close: gateway.close }
}

/** Told with the port's own error: what to do, in this order. */
const lockedSentence =
  'Your clients may have sent their keys to that program, so the gateway is locked. Once the port is free, restart Tokentray, renew the keys with tokentray connect --rotate, and run tokentray unlock.'

const isInUse = (error: unknown) =>
  error instanceof TokentrayError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'

/** Root's too is a stranger's: as root, Docker listens for containers. Where nobody can tell, it is taken for one. */
const isOurs = (holder: PortHolder | null) => holder !== null && holder.uid === process.getuid?.()

/** Locks the gateway if anybody has a key or sign-in that could have been overheard; a closed vault is waited for. */
function lockOnceOpen(core: Core): void {
  const lock = async () => {
    const reply = await core.handle('cli', 'clients.list', {})
    const { clients, locked } = reply.ok ? (reply.value as Output<'clients.list'>) : { clients: [], locked: false }
    if (clients.length > 0 && !locked) await core.handle('cli', 'gateway.lock', {})
  }
  if (core.snapshot().vault.state === 'open') return void lock()
  const stop = core.stream.subscribe((message) => {
    const { vault } = message.kind === 'snapshot' ? message.snapshot : message
    if (vault?.state !== 'open') return
    stop()
    void lock()
  })
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
