// The form for replacing the token of a server whose tokens are pasted in by a person.
// The token is sent once and its field is cleared at once, so that it does not stay on the page.
import { useState } from 'react'
import type { ServerView } from '../app/contract/views.ts'
import { act, usePending } from './actions.ts'
import { Push, SecretField } from './controls.tsx'
import { door } from './door.ts'
import { Form } from './Form.tsx'
import { giveTokenWords } from './words/addServer.ts'

export function GiveToken({ view }: { view: ServerView }) {
  const [token, setToken] = useState('')
  const action = `giveToken ${view.id}`
  const pending = usePending(action)
  const isStatic = view.grantKind === 'staticToken'
  const send = () => {
    const given = isStatic ? { accessToken: token.trim() } : { refreshToken: token.trim() }
    setToken('')
    return act(action, async () => {
      await door.call('server.giveToken', { server: view.id, ...given })
      return giveTokenWords.done
    })
  }
  return (
    <section>
      <h2 className="cap">{giveTokenWords.title}</h2>
      <Form onSend={() => token.trim() && send()}>
        <p className="help">{isStatic ? giveTokenWords.static : giveTokenWords.refresh}</p>
        <SecretField
          label={isStatic ? giveTokenWords.accessToken : giveTokenWords.refreshToken}
          value={token}
          onChange={setToken}
        />
        <div className="acts">
          <Push type="submit" pending={pending} isDisabled={!token.trim()}>
            {giveTokenWords.submit}
          </Push>
        </div>
      </Form>
    </section>
  )
}
