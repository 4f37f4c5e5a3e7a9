// A sign-in in progress: each step as it happens, what the person can do meanwhile, and the result.
// The page says that the old token keeps working until the new one is stored, so that nobody fears to try.
import { useState } from 'react'
import type { SignInStep } from '../app/contract/health.ts'
import type { ServerView } from '../app/contract/views.ts'
import { act, copy, explain, usePending } from './actions.ts'
import { ActionButton, Field, Page, Push, UnknownServer } from './controls.tsx'
import { DeviceCode } from './DeviceCode.tsx'
import { door } from './door.ts'
import { Form } from './Form.tsx'
import { Mark, type MarkKind } from './Mark.tsx'
import { Proposals } from './Proposals.tsx'
import { hostOf } from './ServerList.tsx'
import { Done, Failed } from './SignInEnd.tsx'
import { beginSignIn, type Progress, replaceClient, useProgress } from './signIns.ts'
import { fullName, useServer } from './store.ts'
import { detailWords } from './words/server.ts'
import { signInWords } from './words/signIn.ts'

const text = signInWords
const steps = Object.keys(text.steps) as SignInStep[]

export default function SignIn({ id }: { id: string }) {
  const view = useServer(id)
  const progress = useProgress(id)
  if (!view) return <UnknownServer />
  const hasToken = view.obtainedAt !== null
  const isRunning = view.signIn !== null || progress?.phase === 'running'
  const isDone = !isRunning && progress?.phase === 'done'
  return (
    <Page title={text.title(view.name)} side={hostOf(view.url)}>
      {isDone || <p className="lead">{hasToken ? text.lead : text.leadFirst}</p>}
      {(isRunning || progress) && <Steps view={view} progress={progress} isRunning={isRunning} />}
      <div role="status" className="part">
        {isDone && <Done id={id} />}
      </div>
      <div role="alert" className="part">
        {!isRunning && progress?.phase === 'failed' && <Failed view={view} progress={progress} hasToken={hasToken} />}
      </div>
      {isRunning && view.signIn && (
        <Running
          view={view}
          signIn={view.signIn}
          blocked={door.platform === 'browser' && (progress === null || progress.blocked)}
        />
      )}
      {!isRunning && progress?.phase !== 'done' && view.proposals.length > 0 && <Proposals view={view} />}
      {!isRunning && !progress && (
        <>
          <p>{text.stopped}</p>
          <div className="acts">
            <Push look={view.proposals.length > 0 ? 'plain' : 'primary'} onPress={() => beginSignIn(id)}>
              {text.start}
            </Push>
          </div>
        </>
      )}
    </Page>
  )
}

type Shown = 'done' | 'now' | 'failed' | 'open'
const marks: Record<Shown, MarkKind> = { done: 'ok', now: 'running', failed: 'needsYou', open: 'signedOut' }

function Steps({ view, progress, isRunning }: { view: ServerView; progress: Progress | null; isRunning: boolean }) {
  const first = useServer(view.signIn?.waitingFor ?? '')
  const waitingFor = first && fullName(first)
  const reached = view.signIn?.step ?? progress?.step ?? 'resource'
  const at = progress?.phase === 'done' && !isRunning ? steps.length : steps.indexOf(reached)
  const shown = (index: number): Shown => {
    if (index < at) return 'done'
    if (index > at) return 'open'
    return isRunning ? 'now' : 'failed'
  }
  const authorizationServer = view.signIn?.url ?? progress?.url ?? view.issuer
  const isOwnClient = view.registration === 'preRegistered'
  /** What was found out at a step that is done. */
  const found: Partial<Record<SignInStep, string>> = {
    resource: hostOf(view.url),
    authorizationServer: authorizationServer ? hostOf(authorizationServer) : '',
    registration: view.registration ? detailWords.registrations[view.registration] : ''
  }
  return (
    <ol className="steps" aria-live="polite">
      {steps.map((step, index) => {
        const kind = shown(index)
        const [todo, done] = step === 'registration' && isOwnClient ? text.ownClientStep : text.steps[step]
        return (
          <li key={step} className={kind} data-step={step} aria-current={kind === 'now' ? 'step' : undefined}>
            <Mark kind={marks[kind]} said={false} />
            <span>
              {kind === 'done'
                ? done
                : kind === 'now'
                  ? waitingFor
                    ? text.waitingFor(waitingFor)
                    : text.now[step]
                  : todo}
              {kind === 'done' && found[step] && <small>{found[step]}</small>}
            </span>
          </li>
        )
      })}
    </ol>
  )
}

function Running({
  view,
  signIn,
  blocked
}: {
  view: ServerView
  signIn: NonNullable<ServerView['signIn']>
  blocked: boolean
}) {
  const { url } = signIn
  const cancel = () =>
    act(`cancel ${view.id}`, async () => {
      await door.call('signIn.cancel', { signIn: signIn.id })
      return null
    })
  /** Starting again joins the same sign-in, and the window's main process opens its page once more. */
  const openAgain = () =>
    act(`open ${view.id}`, async () => {
      await door.call('signIn.start', { server: view.id })
      return null
    })
  return (
    <>
      {signIn.otherSite && <p className="help">{text.otherSite(signIn.otherSite)}</p>}
      {signIn.notice && (
        <p className="help" role="status">
          {signIn.notice}
        </p>
      )}
      {signIn.device && <DeviceCode device={signIn.device} />}
      {url && signIn.step === 'browser' && <p className="help">{blocked ? text.blocked : text.opened}</p>}
      <div className="acts">
        {url && (
          <>
            {door.platform === 'window' ? (
              <ActionButton action={`open ${view.id}`} onPress={openAgain}>
                {text.openAgain}
              </ActionButton>
            ) : (
              <a className={blocked ? 'button primary' : 'button plain'} href={url} target="_blank" rel="noreferrer">
                {blocked ? text.open : text.openAgain}
              </a>
            )}
            <ActionButton action="copy" onPress={() => copy(url)}>
              {text.copyLink}
            </ActionButton>
          </>
        )}
        <ActionButton action={`cancel ${view.id}`} onPress={cancel}>
          {text.cancel}
        </ActionButton>
      </div>
      {url && signIn.keptClient && signIn.step === 'browser' && (
        <div className="acts">
          <span className="help">{text.unknownClient}</span>
          <ActionButton look="link" action={`replace ${view.id}`} onPress={() => replaceClient(view.id, signIn.id)}>
            {text.newClient}
          </ActionButton>
        </div>
      )}
      {url && signIn.step === 'browser' && <Paste signIn={signIn.id} />}
    </>
  )
}

function Paste({ signIn }: { signIn: string }) {
  const [url, setUrl] = useState('')
  const [error, setError] = useState<string>()
  const action = `paste ${signIn}`
  const pending = usePending(action)
  const send = () => {
    const pasted = url.trim()
    setUrl('')
    setError(undefined)
    return act(action, async () => {
      await door.call('signIn.paste', { signIn, url: pasted }).catch((thrown) => setError(explain(thrown).text))
      return null
    })
  }
  return (
    <section>
      <h2 className="cap">{text.paste}</h2>
      <Form validationBehavior="aria" onSend={() => url.trim() && send()}>
        <Field label={text.pasteLabel} help={text.pasteHelp} value={url} onChange={setUrl} error={error} />
        <div className="acts">
          <Push type="submit" pending={pending} isDisabled={!url.trim()}>
            {text.pasteSubmit}
          </Push>
        </div>
      </Form>
    </section>
  )
}
