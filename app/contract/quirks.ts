// The ways in which a server may deviate from the standards if a person agrees: what each allows and what it gives up.
// Kept per server with the reason, proposed when a sign-in fails for lack of one, never set without a person.
import type { Proposal, QuirkReasons, Quirks, SitePair } from './proposal.ts'

export type QuirkName = keyof Quirks

/** The quirks that are for one issuer, which is their value. */
export type IssuerQuirkName = { [K in QuirkName]-?: NonNullable<Quirks[K]> extends boolean ? never : K }[QuirkName]

/**
 * `option`: the option of `tokentray set`, whose value is `on` or `off`, for an `isForIssuer` that issuer or `off`. `givesUp`: the
 * protection that is lost, as a sentence for people.
 */
export const quirkFacts: Record<QuirkName, { option: string; does: string; givesUp: string; isForIssuer?: true }> = {
  omitResource: {
    option: '--omit-resource',
    does: 'leave out the resource parameter (RFC 8707)',
    givesUp:
      'The token may also be valid at other servers of the same provider, so a server that receives it could use it there.'
  },
  allowMissingPkceMetadata: {
    option: '--allow-missing-pkce',
    does: 'sign in even if the server does not list PKCE',
    givesUp:
      'PKCE is still sent, but if the server ignores it, anyone who intercepts the authorization code can use it.'
  },
  acceptIssuerSlash: {
    option: '--accept-issuer-slash',
    does: 'accept an issuer that differs by one trailing slash',
    givesUp:
      'RFC 8414 requires an exact match. Two issuers on one host that differ only by the slash would be treated as the same.'
  },
  allowPrivateAddresses: {
    option: '--allow-private-addresses',
    does: 'follow the server’s metadata to private addresses',
    givesUp: 'The metadata of this server can then make Tokentray contact computers on your own network.'
  },
  acceptIssuer: {
    option: '--accept-issuer',
    does: 'accept metadata that names exactly this issuer instead of its own',
    givesUp:
      'RFC 8414 requires an exact match, which proves that metadata belongs to the authorization server that was asked for.',
    isForIssuer: true
  },
  allowMissingIss: {
    option: '--allow-missing-iss',
    does: 'accept a response to a sign-in without the issuer (iss) that this issuer promises',
    givesUp:
      'The issuer shows that a response comes from the authorization server that was asked (RFC 9207). State and PKCE are still checked.',
    isForIssuer: true
  },
  signInAnyway: {
    option: '--sign-in-anyway',
    does: 'sign in even if the server answers without a token',
    givesUp: 'You may get a token that the server does not need.'
  }
}

export const quirkNames = Object.keys(quirkFacts) as QuirkName[]

/** A proposal to set one quirk. */
export function proposeQuirk(
  name: QuirkName,
  reason: string,
  from: Partial<Proposal> = {},
  value: true | string = true
): Proposal {
  const { givesUp } = quirkFacts[name]
  return { change: { quirks: { [name]: value } }, reason, givesUp, trust: 'seen', source: null, ...from }
}

/** A proposal to set one quirk for exactly this issuer. */
export const proposeForIssuer = (name: IssuerQuirkName, issuer: string, reason: string): Proposal =>
  proposeQuirk(name, reason, {}, issuer)

/** The options of `tokentray set` that do what is proposed, as a shell takes them. */
export function optionsOf({
  quirks = {},
  redirectHost,
  url,
  params = {},
  allowedSites = []
}: Proposal['change']): string[] {
  const given = quirkNames.filter((name) => quirks[name] !== undefined)
  return [
    ...given.map((name) => `${quirkFacts[name].option} ${switchOf(quirks[name])}`),
    ...(redirectHost ? [`--redirect-host ${redirectHost}`] : []),
    ...(url ? [`--url ${shellQuoted(url)}`] : []),
    ...Object.entries(params).map(([name, value]) => `--param ${shellQuoted(`${name}=${value}`)}`),
    ...allowedSites.slice(0, 1).map(({ issuer }) => `--issuer ${shellQuoted(issuer)}`)
  ]
}

/** As a shell takes it for one word. */
export const shellQuoted = (text: string): string =>
  /^[\w.:/=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

const switchOf = (value: string | boolean | undefined): string =>
  typeof value === 'string' ? shellQuoted(value) : value ? 'on' : 'off'

/** What a server has set of the settings that `server.set` replaces as a whole. */
export type SetAlready = { params: Record<string, string>; allowedSites?: readonly SitePair[] | undefined }

/** `change` with the parameters and sites that are set already, since `server.set` replaces them all. */
export function changeWith(change: Proposal['change'], { params, allowedSites = [] }: SetAlready): Proposal['change'] {
  return {
    ...change,
    ...(change.params && { params: { ...params, ...change.params } }),
    ...(change.allowedSites && { allowedSites: [...allowedSites, ...change.allowedSites] })
  }
}

/** The reasons kept with the quirks that are set, after a change of some of them. */
export function reasonsAfter(old: QuirkReasons, changed: Quirks, reason = 'set manually'): QuirkReasons {
  const reasons = { ...old }
  for (const name of quirkNames) {
    if (changed[name] === undefined) continue
    if (changed[name]) reasons[name] = reason
    else delete reasons[name]
  }
  return reasons
}

/** Whether a person allowed this pair of sites for a server, whatever its issuer was then. */
export function allowsPair({ allowedSites = [] }: Pick<SetAlready, 'allowedSites'>, pair: SitePair): boolean {
  return allowedSites.some(({ passes, from, to }) => passes === pair.passes && from === pair.from && to === pair.to)
}
