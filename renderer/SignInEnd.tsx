// The result of a sign-in: where to go after success, or why it failed and what to try next.
// If the URL or the client was wrong, a page of its own changes it; nothing is removed or changed before that is saved.
import type { ServerView } from '../app/contract/views.ts'
import { Push } from './controls.tsx'
import { Mark } from './Mark.tsx'
import { hasCure } from './ServerList.tsx'
import { beginSignIn, type Progress } from './signIns.ts'
import { go } from './store.ts'
import { actionWords } from './words/actions.ts'
import { signInWords } from './words/signIn.ts'

const text = signInWords

export function Done({ id }: { id: string }) {
  return (
    <>
      <div className="state green">
        <Mark kind="ok" said={false} />
        <div>
          <strong>{text.done}</strong>
          <p>{text.doneText}</p>
        </div>
      </div>
      <div className="acts">
        <Push look="primary" onPress={() => go({ name: 'server', id, part: null })}>
          {text.show}
        </Push>
      </div>
    </>
  )
}

const needsOwnClient = new Set(['registrationUnsupported', 'registrationRefused', 'clientRefused'])
const needsAddress = new Set(['notMcpServer', 'serverUnreachable', 'resourceMismatch', 'metadataInvalid', 'urlInvalid'])

export function Failed({ view, progress, hasToken }: { view: ServerView; progress: Progress; hasToken: boolean }) {
  const wasCancelled = progress.code === 'signInCancelled'
  // Its answer is the button beside the question (Proposals.tsx).
  const isQuestion = progress.code === 'confirmationNeeded'
  // Another try would be refused as well; the settings have the client and its secret.
  const isClientWrong = progress.code === 'clientRefused' && view.ownClient === true
  return (
    <>
      <div className={wasCancelled ? 'state grey' : isQuestion ? 'state amber' : 'state red'}>
        <Mark kind={wasCancelled ? 'signedOut' : 'needsYou'} said={false} />
        <div>
          <strong>{wasCancelled ? text.cancelled : isQuestion ? text.question : text.failed}</strong>
          {!wasCancelled && <p>{progress.text}</p>}
        </div>
      </div>
      <div className="acts">
        {isClientWrong && (
          <Push look="primary" onPress={() => go({ name: 'server', id: view.id, part: 'settings' })}>
            {actionWords.fixClient}
          </Push>
        )}
        {!isQuestion && (wasCancelled || !hasCure(view)) && (
          <Push
            look={isClientWrong || view.proposals.length > 0 ? 'plain' : 'primary'}
            onPress={() => beginSignIn(view.id)}
          >
            {text.again}
          </Push>
        )}
        {!hasToken && !isClientWrong && needsOwnClient.has(progress.code) && (
          <Push onPress={() => go({ name: 'server', id: view.id, part: 'client' })}>{text.ownClient}</Push>
        )}
        {progress.code === 'pkceUnsupported' && (
          <Push onPress={() => go({ name: 'server', id: view.id, part: 'settings' })}>{text.settings}</Push>
        )}
        {!hasToken && needsAddress.has(progress.code) && (
          <Push onPress={() => go({ name: 'server', id: view.id, part: 'url' })}>{text.changeAddress}</Push>
        )}
        <Push onPress={() => go({ name: 'server', id: view.id, part: null })}>{text.show}</Push>
      </div>
    </>
  )
}
