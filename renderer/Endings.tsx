// What ends something: forgetting the registration, signing out, removing. The last two ask first.
// What the authorization server made of the revocation is told when it is done.
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
