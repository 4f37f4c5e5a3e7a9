// Whether a server stays usable until some time without a person, judged from the ends that are known. Pure.
// An end that nobody stated counts as none, and the words say so, so that a server without stated ends can pass too.
import type { ServerView } from '../contract/views.ts'
import { explainOutage } from './outageWords.ts'
import { passedThroughWords, type WriteTime } from './words.ts'

/** Why a server does not stay usable. The last two may pass by themselves; all others need a person. */
export const troubles = [
  /** A person is needed now; the view's `action` says for what. */
  'personNeeded',
  'paused',
  /** The access token ends, and there is no refresh token. */
  'tokenEnds',
  /** The refresh token ends, and no refresh extends it. */
  'signInEnds',
  /** The server does not take the token. */
  'tokenRejected',
  /** Refreshes fail, and the token ends. */
  'retrying',
  /** The server itself does not work. */
  'serverDown'
] as const
export type Trouble = (typeof troubles)[number]

/** `trouble` null: it stays usable. `endsAt`: the end that was judged, in ms since the epoch; null: none is known. */
export type Outlook = { trouble: Trouble | null; endsAt: number | null; words: string }

export const needsPerson = (trouble: Trouble): boolean => trouble !== 'retrying' && trouble !== 'serverDown'

export type Circumstances = {
  /** In ms since the epoch, as `until`, up to when the server is to stay usable. */
  now: number
  until: number
  /** A lasting Tokentray runs, which refreshes in time by itself. */
  isKept: boolean
  /** The grant was refreshed at least once, so what is known of its refresh token's end is more than a guess. */
  isRefreshed: boolean
  time: WriteTime
}

/** What becomes of one server until `until`. */
export function outlookOf(view: ServerView, circumstances: Circumstances): Outlook {
  const { now, until, time } = circumstances
  const { expiresAt } = view
  if (view.action !== null) return { trouble: 'personNeeded', endsAt: null, words: view.words }
  if (view.paused) return { trouble: 'paused', endsAt: null, words: view.words }
  if (view.obtainedAt === null)
    return view.mode === 'passThrough'
      ? { trouble: null, endsAt: null, words: passedThroughWords }
      : { trouble: 'personNeeded', endsAt: null, words: view.words }
  if (!view.renewable) return outlookOfToken(view, circumstances)
  if (view.state === 'waiting' && expiresAt !== null && expiresAt <= until) {
    const end = expiresAt <= now ? 'the token expired at' : 'the token expires at'
    return { trouble: 'retrying', endsAt: expiresAt, words: `${view.words}; ${end} ${time(expiresAt)}` }
  }
  return outlookOfSignIn(view, circumstances)
}

/** Whether a sign-in is what this server needs now, and one that a person can do in a browser. A paused one is left alone. */
export function needsSignIn(view: ServerView, now: number): boolean {
  if (view.paused || view.grantKind === 'staticToken' || view.grantKind === 'refreshToken') return false
  // Which scopes a server may have besides is a question of its own.
  if (view.action !== null) return view.action === 'signIn'
  return view.obtainedAt !== null && !view.renewable && view.expiresAt !== null && view.expiresAt <= now
}

/** Of an access token that nothing replaces. */
function outlookOfToken(
  { expiresAt, expirySource, grantKind }: ServerView,
  { now, until, time }: Circumstances
): Outlook {
  const remedy = grantKind === 'staticToken' ? 'Replace the token' : 'Sign in again'
  const why = grantKind === 'staticToken' ? 'it cannot be refreshed' : 'there is no refresh token'
  if (expiresAt !== null && expiresAt <= now)
    return {
      trouble: 'tokenEnds',
      endsAt: expiresAt,
      words: `${remedy}: the token expired at ${time(expiresAt)}, and ${why}`
    }
  if (expiresAt === null || expirySource === 'guess')
    return { trouble: null, endsAt: null, words: `Token valid, no known end; ${why}` }
  if (expiresAt <= until)
    return {
      trouble: 'tokenEnds',
      endsAt: expiresAt,
      words: `${remedy} before ${time(expiresAt)}: the token expires, and ${why}`
    }
  return { trouble: null, endsAt: expiresAt, words: `Token valid until ${time(expiresAt)}; ${why}` }
}

/** Of a sign-in whose access tokens are renewed. */
function outlookOfSignIn(view: ServerView, { until, isKept, isRefreshed, time }: Circumstances): Outlook {
  const end = view.refreshExpiresAt
  if (end === null)
    return {
      trouble: null,
      endsAt: null,
      words: renewsAlone.has(view.grantKind) ? 'Signs in by itself' : 'Signed in, no known end'
    }
  const isExtended = view.refreshExtends !== false && isRefreshed
  if (end > until || (isExtended && isKept))
    return {
      trouble: null,
      endsAt: end,
      words: isExtended ? `Signed in until ${time(end)}, and each refresh extends this` : `Signed in until ${time(end)}`
    }
  const unless = isExtended
    ? ', unless Tokentray runs until then and extends it'
    : view.refreshExtends !== false
      ? ', unless a refresh extends it, which none has shown yet'
      : ''
  return {
    trouble: 'signInEnds',
    endsAt: end,
    words: `Sign in again before ${time(end)}: the refresh token expires${unless}`
  }
}

/** Renewed with the client's own secret or an assertion, never with a refresh token. */
const renewsAlone: ReadonlySet<string> = new Set<ServerView['grantKind']>(['clientCredentials', 'jwtBearer'])

/** The outlook of a server that was asked itself: `verdict` and `sentence` of `server.verify`, `view` from after it. */
export function withVerdict(
  outlook: Outlook,
  view: ServerView,
  verdict: 'accepted' | 'rejected' | 'unknown',
  sentence: string,
  time: WriteTime
): Outlook {
  if (outlook.trouble !== null) return outlook
  if (verdict === 'rejected') return { ...outlook, trouble: 'tokenRejected', words: sentence }
  if (view.outage?.kind === 'rejecting') return { ...outlook, trouble: 'tokenRejected', words: sentence }
  if (view.outage) return { ...outlook, trouble: 'serverDown', words: explainOutage(view.outage, time) }
  if (verdict === 'unknown') return { ...outlook, trouble: 'serverDown', words: sentence }
  return { ...outlook, words: `${outlook.words}; the server answered` }
}
