// Name lookups that refuse addresses which a connection must not reach, at the moment it is made.
// DNS may have answered an earlier check differently (rebinding), and `localhost` itself is a question to DNS on some systems.
import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isLoopbackAddress, isPrivateAddress } from './privateAddresses.ts'

/** The code of an error for a private address where only public ones are meant. */
export const privateAddress = 'private_address'

/** Rejects with `code` where any of the name's addresses is refused. */
function lookupExcept(isRefused: (address: string) => boolean, code: string): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, '')
      if (found.some(({ address }) => isRefused(address))) return done(Object.assign(new Error(code), { code }), '')
      if (options.all) return done(null, found)
      const first = found[0]
      done(null, first?.address ?? '', first?.family)
    })
  }
}

export const publicLookup = lookupExcept(isPrivateAddress, privateAddress)
/** For URLs that a server on this machine named. */
export const localLookup = lookupExcept(
  (address) => isPrivateAddress(address) && !isLoopbackAddress(address),
  privateAddress
)
export const privateLookup = lookupExcept((address) => !isPrivateAddress(address), 'address_changed')
const loopbackLookup = lookupExcept((address) => !isLoopbackAddress(address), 'not_loopback')

/** For plain HTTP, which carries tokens within this machine only (RFC 8252 section 7.3); undefined: for https, any address. */
export const lookupFor = (protocol: string): LookupFunction | undefined =>
  protocol === 'http:' ? loopbackLookup : undefined
