// Tells whether this computer has a network at all: an address on an interface that leads beyond it.
// Without one no server can be reached, which is no server's fault. The interfaces are read; nothing is sent.
import { networkInterfaces } from 'node:os'

/** The part of an address of networkInterfaces() that is looked at. */
type Address = { address: string; internal: boolean }

/** Addresses that a computer gives itself where nobody gave it one (RFC 3927, RFC 4291 section 2.5.6). */
const ownMade = /^(169\.254\.|fe80:)/i

/** True where every interface is internal, or has only an address of its own making. */
export function isOffline(interfaces: NodeJS.Dict<Address[]> = networkInterfaces()): boolean {
  return !Object.values(interfaces).some((all) =>
    all?.some(({ address, internal }) => !internal && !ownMade.test(address))
  )
}
