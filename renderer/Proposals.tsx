// Settings that a server needs beyond the standards: the reason, the protection it gives up, and a button to allow it.
// Nothing is changed before a person presses the button, since each of these settings makes a check weaker.
import type { Proposal } from '../app/contract/proposal.ts'
import { changeWith, quirkNames } from '../app/contract/quirks.ts'
import type { ServerView } from '../app/contract/views.ts'
import { act, refresh } from './actions.ts'
import { ActionButton } from './controls.tsx'
import { door } from './door.ts'
import { beginSignIn } from './signIns.ts'
import { proposalWords } from './words/server.ts'
import { serverSettingsWords } from './words/serverSettings.ts'

const text = proposalWords

export function Proposals({ view, proposals = view.proposals }: { view: ServerView; proposals?: Proposal[] }) {
  return (
    <ul className="notes" aria-label={text.title}>
      {proposals.map((one) => (
        <li key={JSON.stringify(one.change)} className="note">
          <p className="help">
            {text.trust[one.trust]}
            {one.source && (
              <>
                {' · '}
                <a href={one.source} target="_blank" rel="noreferrer">
                  {text.source}
                </a>
              </>
            )}
          </p>
          <p>{one.reason}</p>
          <p>
            {text.wouldSet} <strong>{settingsOf(one.change).join('; ')}</strong>
          </p>
          <p>
            {text.givesUp} {one.givesUp}
          </p>
          <ActionButton
            look={view.action && view.proposals.length === 1 ? 'primary' : 'plain'}
            action={`propose ${view.id}`}
            onPress={() => accept(view, one)}
          >
            {view.proposals.length > 1 || one.change.url
              ? text.set
              : one.change.allowedSites
                ? text.allowAndSignIn
                : text.setAndTry}
          </ActionButton>
        </li>
      ))}
    </ul>
  )
}

/** As the settings of the server call them. */
function settingsOf({ quirks = {}, redirectHost, url, params = {}, allowedSites = [] }: Proposal['change']): string[] {
  const { redirectHost: host, ...labels } = serverSettingsWords
  return [
    ...quirkNames.filter((name) => quirks[name] !== undefined).map((name) => labels[name]),
    ...(redirectHost ? [`${host} ${redirectHost}`] : []),
    ...(url ? [text.newUrl(url)] : []),
    ...Object.entries(params).map(([name, value]) => `${name}=${value}`),
    ...allowedSites.map((pair) => text.allowSites(pair))
  ]
}

/** Sets what is proposed; the last of them at once tries again what failed, which a token to refresh does without a person. */
async function accept(view: ServerView, { change, reason }: Proposal): Promise<void> {
  const { id, proposals, action, renewable } = view
  const isSet = await act(`propose ${id}`, async () => {
    await door.call('server.set', { server: id, ...changeWith(change, view), reason })
    return null
  })
  // A server that moved within its host works as it is, with the same sign-in.
  if (!isSet || proposals.length > 1 || change.url) return
  if (action === 'fixSettings' && renewable) await refresh(view)
  else await beginSignIn(id)
}
