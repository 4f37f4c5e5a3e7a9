// Asks what to do with a grant that was restored from a backup: try it, or sign in again.
// Nothing is tried before a person chooses, since a server may answer an old refresh token by ending the grant.
import type { ServerView } from '../app/contract/views.ts'
import { refresh } from './actions.ts'
import { ActionButton, Push } from './controls.tsx'
import { beginSignIn } from './signIns.ts'
import { go } from './store.ts'
import { restoredWords } from './words/server.ts'

const text = restoredWords

export function Restored({ view }: { view: ServerView }) {
  const byHand = view.grantKind === 'refreshToken' || view.grantKind === 'staticToken'
  const instead = () => (byHand ? go({ name: 'server', id: view.id, part: 'token' }) : beginSignIn(view.id))
  return (
    <section className="panel" aria-labelledby="restored">
      <h2 id="restored">{text.title}</h2>
      <p>{text.happened}</p>
      <p>{text.risk}</p>
      <p>{text.choose}</p>
      <div className="acts">
        <ActionButton action={`refresh ${view.id}`} onPress={() => refresh(view)}>
          {text.attempt}
        </ActionButton>
        <Push look="primary" onPress={instead}>
          {byHand ? text.giveInstead : text.signInInstead}
        </Push>
      </div>
    </section>
  )
}
