// What ends something: forgetting the registration, signing out, removing. The last two ask first.
// What the authorization server made of the revocation is told when it is done.
import type { ServerView } from '../app/contract/views.ts'
import { forgetRegistration, remove, signOut } from './actions.ts'
import { ActionButton, AskButton } from './controls.tsx'
import { go } from './store.ts'
import { words } from './words.ts'

export function Endings({ view }: { view: ServerView }) {
  const { id, name } = view
  return (
    <div className="acts endings">
      {view.registration === 'dynamic' && (
        <ActionButton action={`forget ${id}`} onPress={() => forgetRegistration(view)}>
          {words.actions.forget}
        </ActionButton>
      )}
      {view.expirySource !== null && (
        <AskButton
          action={`signOut ${id}`}
          title={words.actions.signOutTitle(name)}
          text={words.actions.signOutText}
          yes={words.actions.signOut}
          onYes={() => signOut(view)}
        >
          {words.actions.signOut}
        </AskButton>
      )}
      <AskButton
        action={`remove ${id}`}
        title={words.actions.removeTitle(name)}
        text={words.actions.removeText}
        yes={words.actions.removeNow}
        onYes={async () => {
          if (await remove(view)) go({ name: 'list' })
        }}
      >
        {words.actions.remove}
      </AskButton>
    </div>
  )
}
