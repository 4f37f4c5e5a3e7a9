// Ends a sign-in with a question where metadata would lead a code or a token to another site than the person may think.
// A hostile server could otherwise get what a genuine sign-in page gives out (mix-up, RFC 9700 section 4.4).
import { TokentrayError } from '../contract/errors.ts'
import type { Proposal, SitePair } from '../contract/proposal.ts'
import { allowsPair } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { Roster } from '../keeper/roster.ts'
import { siteOf } from '../net/site.ts'
import type { SignInEndpoints } from '../oauth/port.ts'
import { isOneProvider } from '../providers/providers.ts'

/** The host of the authorization server, where it is of another site than the MCP server; else undefined. */
export function otherSiteOf({ url }: Pick<ServerConfig, 'url'>, { issuer }: SignInEndpoints): string | undefined {
  return siteOf(issuer) === siteOf(url) ? undefined : new URL(issuer).host
}

/**
 * Call it before the browser opens. A question is asked once for a pair of sites, whichever server it was asked for.
 * @throws confirmationNeeded with a proposal for each question; issuerMismatch where the person named another issuer
 */
export function checkSites(roster: Roster, server: string, endpoints: SignInEndpoints): void {
  const config = roster.config(server)
  const { issuer } = endpoints
  if (config.issuer !== undefined) {
    if (withoutSlash(config.issuer) === withoutSlash(issuer)) return
    throw new TokentrayError(
      'issuerMismatch',
      `${config.name} names ${issuer} as its authorization server, but its settings say ${config.issuer}. Correct the setting, or contact the server's operator.`
    )
  }
  const isByHand = config.tokenEndpoint !== undefined && siteOf(config.tokenEndpoint) === siteOf(endpoints.token)
  if (isByHand) return
  const all = roster.configs()
  const questions = [codeQuestion(endpoints), tokenQuestion(roster, config, issuer)].filter((one) => one !== null)
  const open = questions.filter(
    ({ change }) => !change.allowedSites.every((pair) => all.some((it) => allowsPair(it, pair)))
  )
  if (open.length === 0) return
  const said = open.map(({ reason }) => reason).join(' ')
  throw new TokentrayError('confirmationNeeded', `${said} Nothing was opened or sent.`, {
    proposals: open
  })
}

type Question = Proposal & { change: { allowedSites: SitePair[] } }

/** The site that shows the sign-in page is not the one that gets the code, or that wrote the metadata. */
function codeQuestion({ issuer, authorization, token }: SignInEndpoints): Question | null {
  const from = siteOf(authorization)
  const receiver = [token, issuer].find((url) => siteOf(url) !== from)
  const [page, to] = [authorization, receiver ?? token].map((url) => new URL(url).hostname)
  if (!page || !to || !receiver || isOneProvider([issuer, authorization, token].map((url) => new URL(url).hostname)))
    return null
  return {
    change: { allowedSites: [{ passes: 'code', from, to: siteOf(receiver), issuer }] },
    reason: `You would sign in at ${page}, but ${to} would receive the tokens.`,
    givesUp: `If ${to} does not belong to the operator of ${page}, it can use your account at ${page}.`,
    trust: 'seen',
    source: null
  }
}

/** Another server, of another site, gets its tokens from this issuer: they may be good for that server too. */
function tokenQuestion(roster: Roster, { id, url }: ServerConfig, issuer: string): Question | null {
  const [from, to] = [siteOf(issuer), siteOf(url)]
  const isAt = (shape: { issuer: string | null } | null) =>
    shape?.issuer != null && URL.parse(shape.issuer)?.origin === new URL(issuer).origin
  // Its present token is from there already.
  if (from === to || isAt(roster.get(id).shape)) return null
  const other = roster.all().find(([, it]) => isAt(it.shape) && siteOf(it.config.url) !== to)?.[1].config
  if (!other) return null
  const [page, receiver] = [new URL(issuer).hostname, new URL(url).hostname]
  return {
    change: { allowedSites: [{ passes: 'token', from, to, issuer }] },
    reason: `The token for ${page} will be given to ${receiver}. ${other.name} (${new URL(other.url).hostname}) uses ${page} too.`,
    givesUp: `If that token is also valid at ${other.name}, ${receiver} can use it there in your name.`,
    trust: 'seen',
    source: null
  }
}

const withoutSlash = (url: string): string => url.replace(/\/$/, '')
