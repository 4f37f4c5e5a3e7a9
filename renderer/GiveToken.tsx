// A new token for a server whose tokens are given by hand.
// What is typed goes out once and is not kept here.
import { useState } from 'react'
import type { ServerView } from '../app/contract/views.ts'
import { act, usePending } from './actions.ts'
import { bridge } from './bridge.ts'
import { Push, SecretField } from './controls.tsx'
import { Form } from './Form.tsx'
import { words } from './words.ts'

export function GiveToken({ view }: { view: ServerView }) {
  const [token, setToken] = useState('')
  const action = `giveToken ${view.id}`
  const pending = usePending(action)
  const isStatic = view.grantKind === 'staticToken'
  const send = () => {
    const given = isStatic ? { accessToken: token.trim() } : { refreshToken: token.trim() }
    setToken('')
    return act(action, async () => {
      await bridge.call('server.giveToken', { server: view.id, ...given })
      return words.giveToken.done
    })
  }
  return (
    <section>
      <h2 className="cap">{words.giveToken.title}</h2>
      <Form onSend={() => token.trim() && send()}>
        <p className="help">{isStatic ? words.giveToken.static : words.giveToken.refresh}</p>
        <SecretField
          label={isStatic ? words.giveToken.accessToken : words.giveToken.refreshToken}
          value={token}
          onChange={setToken}
        />
        <div className="acts">
          <Push type="submit" pending={pending} isDisabled={!token.trim()}>
            {words.giveToken.submit}
          </Push>
        </div>
      </Form>
    </section>
  )
}
