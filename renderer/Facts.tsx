// The facts about a server's token, client and addresses, as rows; a row without a value is left out.
// Expiry times are shown together with the time left, which counts down.
import type { ServerView } from '../app/contract/views.ts'
import { act } from './actions.ts'
import { useClock } from './clock.ts'
import { ActionButton, Push } from './controls.tsx'
import { door } from './door.ts'
import { roughly, writeMoment } from './durations.ts'
import { FactList } from './FactList.tsx'
import { beginSignIn } from './signIns.ts'
import { snapshots } from './store.ts'
import { detailWords } from './words/server.ts'

/** "23:05 · 11 min left" */
function Until({ at, source }: { at: number | null; source: ServerView['expirySource'] }) {
  const text = useClock((now) => {
    if (source === null) return detailWords.noToken
    if (at === null) return detailWords.noEnd
    const left = at > now ? detailWords.left(roughly(at - now)) : detailWords.ended
    return `${writeMoment(at, now)} · ${left}`
  })
  const note = source === 'guess' ? detailWords.guess : source === 'jwt' ? detailWords.fromJwt : ''
  return <>{note ? `${text} (${note})` : text}</>
}

function RefreshToken({ view }: { view: ServerView }) {
  const text = useClock((now) => {
    if (view.expirySource === null) return detailWords.noToken
    if (view.fault === 'refused' || (view.fault === 'unclear' && view.action === 'signIn'))
      return detailWords.refreshRefused
    if (view.grantKind === 'staticToken') return detailWords.givenByHand
    if (view.grantKind === 'clientCredentials' || view.grantKind === 'jwtBearer') return detailWords.renewsAlone
    if (view.refreshExpiresAt === null) return view.renewable ? detailWords.renewable : detailWords.notRenewable
    return view.refreshExpiresAt > now
      ? detailWords.refreshEnds(roughly(view.refreshExpiresAt - now))
      : detailWords.refreshEnded
  })
  return <>{text}</>
}

function Moment({ at }: { at: number }) {
  return <>{useClock((now) => writeMoment(at, now))}</>
}

/** The scopes that the server asked for, the yes to them and the no. */
function MissingScope({ view: { id, missingScope } }: { view: ServerView }) {
  const decline = async () => {
    await door.call('server.set', { server: id, declineScopes: true })
    return null
  }
  return (
    <>
      <span>{missingScope}</span>{' '}
      <Push look="link" onPress={() => beginSignIn(id, missingScope)}>
        {detailWords.requestScopes}
      </Push>{' '}
      <ActionButton look="link" action={`decline ${id}`} onPress={() => act(`decline ${id}`, decline)}>
        {detailWords.declineScopes}
      </ActionButton>
    </>
  )
}

export function Facts({ view }: { view: ServerView }) {
  const { facts, registrations, kinds } = detailWords
  const vault = snapshots.use()?.vault
  const client = [view.registration && registrations[view.registration], view.clientId].filter(Boolean).join(' · ')
  const rows: [string, React.ReactNode][] = [
    [facts.validUntil, <Until key="until" at={view.expiresAt} source={view.expirySource} />],
    [facts.obtained, view.obtainedAt && <Moment at={view.obtainedAt} />],
    [facts.refreshToken, <RefreshToken key="refresh" view={view} />],
    [facts.kind, kinds[view.byDeviceCode ? 'deviceCode' : view.grantKind]],
    [facts.mode, view.mode === 'passThrough' && detailWords.passThrough],
    [facts.account, view.account],
    [facts.address, view.url],
    [facts.issuer, view.issuer],
    [facts.resource, view.resource === view.url ? null : view.resource],
    [facts.scope, view.scope],
    [facts.missingScope, view.missingScope && <MissingScope key="missing" view={view} />],
    [facts.binding, view.isBound && detailWords.bound],
    [facts.certificate, view.certificateFile],
    [facts.registration, client],
    [
      facts.accepted,
      view.acceptedAt ? (
        <>
          <Moment at={view.acceptedAt} /> {detailWords.accepted}
        </>
      ) : (
        detailWords.neverAccepted
      )
    ],
    [facts.stored, vault?.path]
  ]
  return (
    <section>
      <h2 className="cap">{detailWords.token}</h2>
      <FactList rows={rows} />
    </section>
  )
}
