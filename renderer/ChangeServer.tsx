// The pages that correct a server whose sign-in failed: its URL, or a client ID of your own in place of automatic registration.
// Nothing is changed before it is saved, so Cancel leaves the server as it was; only one just added is removed for its replacement.
import { useState } from 'react'
import { withScheme } from '../app/contract/newServer.ts'
import type { ServerView } from '../app/contract/views.ts'
import { act, explain } from './actions.ts'
import { Field, isPort, Page, Push, UnknownServer } from './controls.tsx'
import { door } from './door.ts'
import { Form } from './Form.tsx'
import { ClientProof, OwnClientSteps, type Redirect } from './OwnClient.tsx'
import { hostOf } from './ServerList.tsx'
import { beginSignIn, noteAdded, wasJustAdded } from './signIns.ts'
import { go, serverOf, useServer } from './store.ts'
import { actionWords } from './words/actions.ts'
import { addWords, changeServerWords } from './words/addServer.ts'

const text = changeServerWords

export default function ChangeServer({ id, part }: { id: string; part: 'url' | 'client' }) {
  const view = useServer(id)
  if (!view) return <UnknownServer />
  return (
    <Page title={text.titles[part]} side={hostOf(view.url)}>
      {part === 'url' ? <ChangeUrl view={view} /> : <ChangeClient view={view} />}
    </Page>
  )
}

/** Runs one save at a time and keeps why it failed. */
function useSave(save: () => Promise<void>) {
  const [pending, setPending] = useState(false)
  const [error, setError] = useState('')
  const send = async () => {
    if (pending) return
    setPending(true)
    setError('')
    try {
      await save()
    } catch (thrown) {
      setError(explain(thrown).text)
    } finally {
      setPending(false)
    }
  }
  return { pending, error, send }
}

function End({ id, pending, error, submit }: { id: string; pending: boolean; error: string; submit: string }) {
  return (
    <>
      <div role="alert" className="part">
        {error && (
          <div className="state red">
            <strong>{error}</strong>
          </div>
        )}
      </div>
      <div className="acts">
        <Push type="submit" look="primary" pending={pending}>
          {submit}
        </Push>
        <Push onPress={() => go({ name: 'signIn', id })}>{actionWords.cancel}</Push>
      </div>
    </>
  )
}

/** Moves the sign-in to the server that was found at `url`, which another origin needs a new entry for (RFC 8707 section 2). */
async function changeUrl({ id, url: before, scope }: ServerView, url: string): Promise<void> {
  if (url === before) return beginSignIn(id)
  const found = (await door.call('server.find', { url })).url
  if (new URL(found).origin === new URL(before).origin) {
    await door.call('server.set', { server: id, url: found })
    return beginSignIn(id)
  }
  const { view } = await door.call('server.add', { url: found, ...(scope && { scope }) })
  const isReplaced = wasJustAdded(id) && serverOf(id)?.obtainedAt === null
  noteAdded(view.id)
  void beginSignIn(view.id)
  if (isReplaced)
    await act(`remove ${id}`, async () => {
      await door.call('server.remove', { server: id })
      return null
    })
}

function ChangeUrl({ view }: { view: ServerView }) {
  const [url, setUrl] = useState(view.url)
  const { pending, error, send } = useSave(async () => {
    const typed = withScheme(url)
    const isElsewhere = URL.parse(typed)?.origin !== new URL(view.url).origin
    // Its client and secret belong to this server, and are not sent to another one: the person gives them again there.
    if (isElsewhere && (view.ownClient || view.grantKind !== 'authorizationCode'))
      go({ name: 'add', way: view.grantKind === 'clientCredentials' ? 'clientCredentials' : 'ownClient', url: typed })
    else await changeUrl(view, typed)
  })
  return (
    <Form onSend={send}>
      <Field label={addWords.url} inputMode="url" value={url} onChange={setUrl} isRequired />
      <End id={view.id} pending={pending} error={error} submit={pending ? addWords.looking : text.submit} />
    </Form>
  )
}

function ChangeClient({ view }: { view: ServerView }) {
  const { id } = view
  const [redirect, setRedirect] = useState<Redirect>({ redirectHost: '127.0.0.1', port: '41414' })
  const [clientId, setClientId] = useState('')
  const [clientSecret, setClientSecret] = useState('')
  const [clientAuth, setClientAuth] = useState('secret')
  const signs = clientAuth === 'key'
  const { pending, error, send } = useSave(async () => {
    if (!isPort(redirect.port)) return
    const secret = clientSecret.trim()
    setClientSecret('')
    await door.call('server.set', {
      server: id,
      clientId: clientId.trim(),
      ...(signs ? { clientAuth: 'private_key_jwt' } : secret && { clientSecret: secret }),
      redirectHost: redirect.redirectHost as ServerView['redirectHost'],
      redirectPort: Number(redirect.port)
    })
    // The server must be given the public key before anybody can sign in.
    if (signs) go({ name: 'server', id, part: null })
    else await beginSignIn(id)
  })
  return (
    <Form onSend={send}>
      <OwnClientSteps
        url={view.url}
        redirect={redirect}
        onChange={(change) => setRedirect((old) => ({ ...old, ...change }))}
      />
      <Field label={addWords.clientId} value={clientId} onChange={setClientId} isRequired />
      <ClientProof way={clientAuth} onWay={setClientAuth} secret={clientSecret} onSecret={setClientSecret} />
      <End id={id} pending={pending} error={error} submit={signs ? text.submitKey : text.submit} />
    </Form>
  )
}
