// Forgets a server's registration, signs out of it, or removes it; the last two ask for confirmation first.
// Afterwards a person is told whether the authorization server confirmed the revocation.
import type { ServerView } from '../app/contract/views.ts'
import { forgetRegistration, remove, signOut } from './actions.ts'
import { ActionButton, AskButton } from './controls.tsx'
import { go } from './store.ts'
import { actionWords } from './words/actions.ts'

export function Endings({ view }: { view: ServerView }) {
  const { id, name } = view
  return (
    <div className="acts endings">
      {view.registration === 'dynamic' && (
        <ActionButton action={`forget ${id}`} onPress={() => forgetRegistration(view)}>
          {actionWords.forget}
        </ActionButton>
      )}
      {view.expirySource !== null && (
        <AskButton
          action={`signOut ${id}`}
          title={actionWords.signOutTitle(name)}
          text={actionWords.signOutText}
          yes={actionWords.signOut}
          onYes={() => signOut(view)}
        >
          {actionWords.signOut}
        </AskButton>
      )}
      <AskButton
        action={`remove ${id}`}
        title={actionWords.removeTitle(name)}
        text={actionWords.removeText}
        yes={actionWords.removeNow}
        onYes={async () => {
          if (await remove(view)) go({ name: 'list' })
        }}
      >
        {actionWords.remove}
      </AskButton>
    </div>
  )
}
