// Tells a server that cannot be reached from a network that is gone on this computer, for which no server is blamed. Pure.
// Otherwise every server would look broken, and fill its history, whenever a laptop loses its connection.
import type { Sighting } from './outage.ts'

/** What is known of this computer's network from exchanges with hosts beyond this computer. */
export type Network = {
  /** The last answer, in ms since the epoch. */
  readonly answeredAt: number
  /** The first server that could not be reached since then; 'all': another host could not either, so it is the network here. */
  readonly unreachable: { readonly id: string; readonly host: string } | 'all' | null
}

export const unknownNetwork: Network = { answeredAt: Number.NEGATIVE_INFINITY, unreachable: null }

/** An answer shows for so long that the network works. */
const knownForMs = 60_000

/** Codes that speak of this computer's network or resolver and not of the server. */
const ownCodes: ReadonlySet<string> = new Set(['ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN', 'EADDRNOTAVAIL'])

/**
 * What is known after `sighting` at `now` (ms since the epoch) of a server beyond this computer. `isAboutServer` false: it says more
 * of the network here, so that the server is not blamed. `cleared`: the server that was blamed and is no longer. `isOffline`: this
 * computer has no network at all.
 */
export function judgeNetwork(
  before: Network,
  { id, host }: { id: string; host: string },
  sighting: Sighting,
  isOffline: boolean,
  now: number
): { network: Network; isAboutServer: boolean; cleared: string | null } {
  const ofServer = (network = before) => ({ network, isAboutServer: true, cleared: null })
  if (sighting.kind === 'silent') return ofServer()
  if (sighting.kind !== 'unreachable') return ofServer({ answeredAt: now, unreachable: null })
  const { answeredAt, unreachable } = before
  const ofNetwork = { network: before, isAboutServer: false, cleared: null }
  if (ownCodes.has(sighting.detail) || isOffline) return ofNetwork
  if (Math.abs(now - answeredAt) < knownForMs) return ofServer()
  if (unreachable === 'all') return ofNetwork
  if (unreachable === null) return ofServer({ answeredAt, unreachable: { id, host } })
  if (unreachable.host === host) return ofServer()
  // Two hosts at once, and none that answers.
  return { network: { answeredAt, unreachable: 'all' }, isAboutServer: false, cleared: unreachable.id }
}

/** The same without a server that was removed, or is another one now. */
export function forgetServer(network: Network, id: string): Network {
  const { unreachable } = network
  return unreachable !== 'all' && unreachable?.id === id ? { ...network, unreachable: null } : network
}
