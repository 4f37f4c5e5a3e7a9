// Tells this machine and private addresses from public ones: plain HTTP is allowed to this machine only (RFC 8252 section 7.3).
// Metadata of a public server must not send requests to a private address, into the user's network (RFC 9728 section 7.7).
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

const privateRanges = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3]
] as const) {
  privateRanges.addSubnet(net, prefix, 'ipv4')
  // The same addresses behind NAT64 (RFC 6052 section 2.1).
  privateRanges.addSubnet(`64:ff9b::${net}`, 96 + prefix, 'ipv6')
}
for (const [net, prefix] of [
  // IPv4 addresses in other clothes: compatible, NAT64 of a local prefix (RFC 8215), Teredo, 6to4.
  ['::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8]
] as const)
  privateRanges.addSubnet(net, prefix, 'ipv6')

/** IPv4-mapped addresses, which a public server has no reason to name. In a list with IPv4 ranges they would match all of IPv4. */
const mapped = new BlockList()
mapped.addSubnet('::ffff:0:0', 96, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** The host without brackets and without the dot at the end of a full name. */
const bare = (host: string): string => host.replace(/^\[|\]$|\.$/g, '').toLowerCase()

/** True where `host` (as in URL.hostname) is meant to be this machine. A resolver may lead its name elsewhere (lookups.ts). */
export function isLoopbackHost(host: string): boolean {
  const name = bare(host)
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name)
}

/** True for an address of this machine alone, as IPv4, IPv6 or IPv4-mapped. */
export function isLoopbackAddress(address: string): boolean {
  const kind = isIP(address)
  return kind !== 0 && loopback.check(address, kind === 6 ? 'ipv6' : 'ipv4')
}

/** True for an IP address that is not of the public internet: loopback, private, link-local, shared, multicast. */
export function isPrivateAddress(address: string): boolean {
  const kind = isIP(address)
  if (kind === 6) return privateRanges.check(address, 'ipv6') || mapped.check(address, 'ipv6')
  return kind === 4 && privateRanges.check(address, 'ipv4')
}

/** True where `host` is itself a private address or a name for this machine; does not resolve names. */
export function isPrivateHost(host: string): boolean {
  return isLoopbackHost(host) || isPrivateAddress(bare(host))
}

/**
 * Which addresses may be contacted for whoever named them: `public`: public ones. `local`: those and this machine's own.
 * `private`: none but private ones. `any`: all.
 */
export type Reach = 'any' | 'local' | 'public' | 'private'

/** True where `host` is itself an address, or a name for this machine, that `reach` leaves out; does not resolve names. */
export function isBeyond(host: string, reach: Reach | undefined): boolean {
  if (reach === 'public') return isPrivateHost(host)
  return reach === 'local' && isPrivateHost(host) && !isLoopbackHost(host) && !isLoopbackAddress(bare(host))
}

/**
 * Where `host` is, or all of its addresses are: on this machine, at private addresses, else `public`, also where it cannot be
 * resolved. A private address among public ones does not count: the owner of a public name can add it to get our trust.
 */
export async function placeOf(host: string): Promise<'loopback' | 'private' | 'public'> {
  const name = bare(host)
  if (isLoopbackHost(name)) return 'loopback'
  const found = isIP(name) ? [{ address: name }] : await lookup(name, { all: true }).catch(() => [])
  const areAll = (isOne: (address: string) => boolean) =>
    found.length > 0 && found.every(({ address }) => isOne(address))
  return areAll(isLoopbackAddress) ? 'loopback' : areAll(isPrivateAddress) ? 'private' : 'public'
}

/** True where `host` is private or resolves only to private addresses; false where it cannot be resolved. See placeOf(). */
export async function leadsToPrivate(host: string): Promise<boolean> {
  return (await placeOf(host)) !== 'public'
}
