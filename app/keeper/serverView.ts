// Makes the view of one server that the doors see: its health in words and the facts of its grant.
// Nothing secret gets in: the grant comes here as an outline, without tokens, keys and client secret.
import type { Health, Schedule } from '../contract/health.ts'
import type { Proposal } from '../contract/proposal.ts'
import { isSecretName, type ServerConfig } from '../contract/serverConfig.ts'
import type { DeviceCodeView, HistoryEvent, ServerView } from '../contract/views.ts'
import { outageOf, type Seen } from '../health/outage.ts'
import { addOutage, explainOutage } from '../health/outageWords.ts'
import { plannedAt } from '../health/questions.ts'
import {
  clientRefusedWords,
  detailOf,
  isHeld,
  lightOf,
  passedThroughWords,
  uncheckedWords,
  unknownEndWords,
  type WriteTime,
  warningsOf,
  wellWords,
  wordsOf
} from '../health/words.ts'
import type { GrantOrigin } from '../oauth/grant.ts'
import { proposalsIn } from '../oauth/quirks.ts'
import { missingScopes, unionOf } from '../oauth/scope.ts'
import { mergeProposals, openProposals, proposeMove } from '../providers/proposals.ts'

/** Hours and minutes here, from 00:00. Not by Intl, whose tables of all languages are 7 MB that an owner would keep. */
export const writeTime: WriteTime = (at) => new Date(at).toTimeString().slice(0, 5)

export type Viewed = {
  config: ServerConfig
  health: Health
  schedule: Schedule
  /** What was seen of the server itself; null: nothing since this process started. */
  seen: Seen | null
  /** Of the grant; null: there is none. */
  shape: GrantOrigin | null
  scope: string | null
  isBound: boolean
  signIn: {
    id: string
    url: string | null
    redirectUri: string | null
    device: DeviceCodeView | null
    waitingFor?: string
    keptClient?: true
    otherSite?: string
    notice?: string
  } | null
  lastEvent: HistoryEvent | null
  /** Of the sign-in that failed last. */
  proposals: readonly Proposal[]
  /** Where the server redirects every request to, within its origin; null: it does not. */
  movedTo: string | null
}

/** Servers of earlier versions do not say whether a person chose the name: one that differs from the id was. */
function labelOf({ id, name, isNamed, ownName, url }: ServerConfig): Pick<ServerView, 'name' | 'nameWithHost'> {
  if (ownName === undefined || isNamed || name !== id) return { name }
  const host = URL.parse(url)?.host ?? url
  // The end of a host tells whose it is, so that no long beginning may push it out of sight.
  const end = host.length > 40 ? `…${host.slice(-39)}` : host
  const letters = [...ownName]
  return {
    name: ownName,
    nameWithHost: `${letters.length > 24 ? `${letters.slice(0, 23).join('')}…` : ownName} (${end})`
  }
}

const unchecked = 'You pasted this token, and the server has not accepted it yet. Use Verify to check it.'

/**
 * The view of one server at `now` (ms since the epoch). `heldUntil`: nothing is refreshed before; null: refreshes are not held
 * back.
 */
export function viewOf(viewed: Viewed, now: number, heldUntil: number | null = null): ServerView {
  const { config, health, schedule, seen, shape, scope, isBound, signIn, lastEvent, proposals, movedTo } = viewed
  const { state, grant } = health
  // Those that no person has allowed yet, and those that the next sign-in asks for.
  const missing = shape ? missingScopes(unionOf(config.wantedScope, config.addedScope), scope).join(' ') : ''
  // Nothing is kept for it, so nothing is missing.
  const isPassedThrough = config.mode === 'passThrough' && state.kind === 'signedOut' && !health.signIn
  // Shown until there is a grant or something else happens, such as a change of the settings.
  const failed = state.kind === 'signedOut' && !health.signIn && lastEvent?.kind === 'signInFailed' ? lastEvent : null
  const isClientRefused = failed?.fault === 'misconfigured'
  const report = state.kind === 'waiting' || state.kind === 'needsUser' ? state.report : null
  const refused =
    state.kind === 'needsUser' ? proposalsIn(state.code, URL.parse(shape?.issuer ?? '')?.host ?? config.name) : []
  // Without a token of its own, or paused, nobody waits for the server.
  const isUsed = isPassedThrough || state.kind !== 'signedOut'
  const outage = isUsed && !health.paused ? outageOf(seen, state) : null
  const light = isPassedThrough && outage ? 'amber' : lightOf(health, now, heldUntil, outage)
  const isGreen = lightOf(health, now, heldUntil) === 'green'
  const isUnchecked = config.grantKind === 'staticToken' && state.kind === 'fresh' && isGreen && !health.acceptedAt
  const words = wordsOf(health, now, heldUntil)
  // A pasted token without a known end lasts, for all that is known, until its owner revokes it.
  const isEndless = grant !== null && !grant.renewable && grant.expiresAt === null && config.grantKind !== 'staticToken'
  const tokenWords = isPassedThrough
    ? passedThroughWords
    : isUnchecked && !health.signIn
      ? uncheckedWords
      : isClientRefused && !health.paused
        ? clientRefusedWords
        : isEndless && words === wellWords
          ? unknownEndWords
          : words
  const details = [
    failed?.detail ?? '',
    isUnchecked ? unchecked : detailOf(health, now, writeTime),
    outage ? explainOutage(outage, writeTime) : ''
  ]
  return {
    id: config.id,
    ...labelOf(config),
    ...(config.ownIcon?.icon && { icon: config.ownIcon.icon }),
    url: config.url,
    grantKind: config.grantKind,
    // With a browser it has a redirect address.
    ...(config.grantKind === 'authorizationCode' && shape?.redirectUri === null && { byDeviceCode: true as const }),
    light,
    state: health.signIn ? 'signingIn' : state.kind,
    paused: health.paused,
    words: addOutage(tokenWords, outage, writeTime),
    detail: details.filter(Boolean).join(' '),
    ...(outage && { outage }),
    warnings: warningsOf(health, now, schedule),
    action:
      state.kind === 'needsUser'
        ? state.action
        : state.kind === 'signedOut' && !isPassedThrough
          ? isClientRefused
            ? 'fixSettings'
            : 'signIn'
          : null,
    since: state.kind === 'signedOut' ? null : state.since,
    nextAt: isHeld(health, heldUntil) ? heldUntil : plannedAt(health),
    attempt: state.kind === 'waiting' || state.kind === 'refreshing' ? state.attempt : 0,
    fault: report?.fault ?? null,
    faultAt: report?.at ?? null,
    obtainedAt: grant?.obtainedAt ?? null,
    expiresAt: grant?.expiresAt ?? null,
    expirySource: grant?.expirySource ?? null,
    refreshExpiresAt: grant?.refreshExpiresAt ?? null,
    refreshExtends: grant?.refreshExtends ?? true,
    renewable: grant?.renewable ?? false,
    acceptedAt: health.acceptedAt,
    issuer: shape?.issuer ?? null,
    scope: scope ?? config.scope ?? null,
    ...(missing && { missingScope: missing }),
    ...(isBound && { isBound }),
    ...(config.clientAuth === 'private_key_jwt' && { hasKeys: true }),
    resource: shape?.resource ?? null,
    clientId: shape?.clientId ?? config.clientId ?? null,
    ...(config.account !== undefined && { account: config.account }),
    registration: shape?.registration ?? null,
    schedule: config.schedule,
    quirks: config.quirks,
    quirkReasons: config.quirkReasons,
    proposals: [
      ...openProposals(config, shape !== null, mergeProposals(proposals, refused)),
      ...(movedTo !== null && movedTo !== config.url ? [proposeMove(movedTo)] : [])
    ],
    mode: config.mode,
    redirectHost: config.redirectHost,
    redirectPort: config.redirectPort ?? null,
    ...(config.clientCertificate && { certificateFile: config.clientCertificate.certificateFile }),
    ...(config.clientId !== undefined && { ownClient: true as const }),
    ...(config.clientAuth && { clientAuth: config.clientAuth }),
    ...(config.dpop !== undefined && { dpop: config.dpop }),
    ...(config.assertion && {
      assertionFrom: 'file' in config.assertion ? config.assertion.file : config.assertion.command[0]
    }),
    ...(config.identityProvider && { identityProvider: config.identityProvider }),
    params: Object.fromEntries(Object.entries(config.params).filter(([name]) => !isSecretName(name))),
    ...(config.allowedSites && { allowedSites: config.allowedSites }),
    demo: config.demo ?? false,
    signIn: health.signIn
      ? {
          id: signIn?.id ?? '',
          step: health.signIn.step,
          since: health.signIn.since,
          url: signIn?.url ?? null,
          redirectUri: signIn?.redirectUri ?? null,
          device: signIn?.device ?? null,
          ...(signIn?.waitingFor !== undefined && { waitingFor: signIn.waitingFor }),
          ...(signIn?.keptClient && { keptClient: true as const }),
          ...(signIn?.otherSite !== undefined && { otherSite: signIn.otherSite }),
          ...(signIn?.notice !== undefined && { notice: signIn.notice })
        }
      : null,
    lastEvent
  }
}
