// Parses the WWW-Authenticate header (RFC 9110 section 11.6.1), which may hold several challenges with quoted commas.
// Headers.get joins several header lines with commas, and the same grammar reads that too.

/** `scheme` and the names of `params` in lower case. */
export type Challenge = { scheme: string; params: Record<string, string> }

const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const equals = /[ \t]*=[ \t]*/y
const quoted = /"((?:[^"\\]|\\.)*)"/y
/** Some servers write single quotes, or a URL without any. */
const singleQuoted = /'([^']*)'(?=[ \t,;]|$)/y
const bare = /[^ \t,]+/y
const token68 = /[ \t]+[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y
/** Some servers part parameters by semicolons. */
const between = /[ \t,;]+/y

/** The challenges in their order. The list ends at the first part that cannot be parsed. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(header)
    if (found) at = pattern.lastIndex
    return found
  }
  for (take(between); at < header.length; take(between)) {
    const name = take(token)?.[0].toLowerCase()
    if (name === undefined) break
    const current = challenges.at(-1)
    if (current && take(equals)) {
      const text = take(quoted)?.[1]?.replace(/\\(.)/g, '$1')
      current.params[name] ??= text ?? take(singleQuoted)?.[1] ?? take(bare)?.[0].replace(/;$/, '') ?? ''
    } else {
      challenges.push({ scheme: name, params: Object.create(null) })
      take(token68)
    }
  }
  return challenges
}

/** True where a request was refused because it lacked the nonce that comes with the answer (RFC 9449 section 9). */
export function asksForNonce(header: string | null): boolean {
  return parseChallenges(header ?? '').some(
    ({ scheme, params }) => scheme === 'dpop' && params.error === 'use_dpop_nonce'
  )
}

/**
 * The challenge for Bearer or DPoP tokens (RFC 6750 section 3, RFC 9449 section 7.1): preferably one that names its metadata
 * (RFC 9728 section 5.1); null where there is none.
 */
export function bearerChallenge(header: string | null): Challenge | null {
  const bearers = bearersIn(header)
  return bearers.find(({ params }) => params.resource_metadata) ?? bearers[0] ?? null
}

/** What the challenges for Bearer or DPoP tokens name as their metadata (RFC 9728 section 5.1), as it stands there. */
export function resourceMetadataIn(header: string | null): string[] {
  return bearersIn(header).flatMap(({ params }) => params.resource_metadata || [])
}

const bearersIn = (header: string | null): Challenge[] =>
  parseChallenges(header ?? '').filter(({ scheme }) => scheme === 'bearer' || scheme === 'dpop')
