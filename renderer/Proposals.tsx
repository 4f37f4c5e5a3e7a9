// What a server is known or was just seen to need beyond the standard: the reason, the cost, and a button that allows it.
// Nothing is set before the button is pressed; what was set is kept with its reason.
import type { Proposal } from '../app/contract/proposal.ts'
import { changeWith, optionsOf } from '../app/contract/quirks.ts'
import type { ServerView } from '../app/contract/views.ts'
import { act } from './actions.ts'
import { bridge } from './bridge.ts'
import { ActionButton } from './controls.tsx'
import { beginSignIn } from './signIns.ts'
import { words } from './words.ts'

const text = words.proposals

export function Proposals({ view }: { view: ServerView }) {
  return (
    <ul className="notes" aria-label={text.title}>
      {view.proposals.map((one) => (
        <li key={JSON.stringify(one.change)} className="note">
          <p>{one.reason}</p>
          <p>
            {text.givesUp} {one.givesUp}
          </p>
          <p className="help">
            {optionsOf(one.change).join(' ')} · {text.trust[one.trust]}
            {one.source && (
              <>
                {' · '}
                <a href={one.source} target="_blank" rel="noreferrer">
                  {text.source}
                </a>
              </>
            )}
          </p>
          <ActionButton action={`propose ${view.id}`} onPress={() => accept(view, one)}>
            {view.proposals.length > 1 ? text.set : text.setAndTry}
          </ActionButton>
        </li>
      ))}
    </ul>
  )
}

/** Sets what is proposed; the last of them starts the sign-in at once. */
async function accept({ id, params, proposals }: ServerView, { change, reason }: Proposal): Promise<void> {
  const isSet = await act(`propose ${id}`, async () => {
    await bridge.call('server.set', { server: id, ...changeWith(change, params), reason })
    return null
  })
  if (isSet && proposals.length === 1) await beginSignIn(id)
}
