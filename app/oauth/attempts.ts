// Tries places one after another until one has what is looked for; a place that is of no use does not hide a good one behind it.
// Where none is good, the most telling fault is reported: a fault that will pass on its own comes before those that will not.
import { type ErrorCode, TokentrayError } from '../contract/errors.ts'
import { NetworkFault } from '../net/request.ts'

/** Faults of the place that was tried. Every other error, such as a cancelled sign-in or a question, ends the search. */
const placeFaults: ReadonlySet<ErrorCode> = new Set([
  'metadataInvalid',
  'resourceMismatch',
  'issuerMismatch',
  'pkceUnsupported',
  'registrationUnsupported',
  'registrationRefused',
  'responseInvalid',
  // It offers no device code.
  'signInFailed'
])

/**
 * The first value that `attempt` finds at one of the places; null where each attempt found nothing. Rejects with the most telling
 * fault where no place had a value and an attempt failed, and at once with an error that `isFinal` or that is no fault of the place.
 */
export async function firstOf<P, T>(
  places: Iterable<P>,
  attempt: (place: P) => Promise<T>,
  isFinal: (error: unknown, place: P) => boolean = () => false
): Promise<T | null> {
  const faults: unknown[] = []
  for (const place of places) {
    try {
      const found = await attempt(place)
      if (found !== null) return found
    } catch (error) {
      if (!isPlaceFault(error) || isFinal(error, place)) throw error
      faults.push(error)
    }
  }
  if (faults.length === 0) return null
  throw faults.toSorted((one, other) => rankOf(one) - rankOf(other))[0]
}

/** True for a fault that may be over a moment later, and so says nothing of what is at a place. */
export function isPassing(error: unknown): boolean {
  return error instanceof NetworkFault && /^(offline|busy|lost)$/.test(error.fault)
}

function isPlaceFault(error: unknown): boolean {
  if (error instanceof TokentrayError) return placeFaults.has(error.code)
  return error instanceof NetworkFault && error.detail !== 'aborted' && !ownFaults.has(error.detail)
}

/** Of this computer's settings: the same at every place. */
const ownFaults: ReadonlySet<string> = new Set(['client_certificate_unreadable', 'proxy_invalid'])

/** Waiting comes before a weaker check (FM-05), and a fault that a person can mend before one that nobody can. */
function rankOf(error: unknown): number {
  if (error instanceof NetworkFault)
    return { busy: 0, lost: 1, misconfigured: error.detail === 'private_address' ? 2 : 3 }[error.fault as string] ?? 3
  return error instanceof TokentrayError && error.proposals.length > 0 ? 2 : 3
}
