// The page shown while the vault is not open: what happened, what is safe, and what a person can do.
// It offers only what the core says is possible, and closes when a snapshot says that the vault is open.
import { useEffect, useRef, useState } from 'react'
import type { VaultView } from '../app/contract/views.ts'
import { act, explain, usePending } from './actions.ts'
import { useClock } from './clock.ts'
import { ActionButton, Field, Push, SecretField } from './controls.tsx'
import { door } from './door.ts'
import { writeMoment } from './durations.ts'
import { FactList } from './FactList.tsx'
import { Form } from './Form.tsx'
import { Mark } from './Mark.tsx'
import { appWords, sayError } from './words/app.ts'
import { vaultWords } from './words/vault.ts'

const text = vaultWords
type Shut = Exclude<VaultView['state'], 'open'>
type Said = { title: string; happened: string; todo: string }

/** What to say, by what can be done. */
function saidOf(state: Shut, offers: VaultView['offers']): Said {
  if (offers?.unlock === 'new') return text.new
  if (offers?.unlock === 'existing') return text.passphrase
  if (state === 'damaged' && !offers?.restore) return { ...text.damaged, todo: text.noBackup }
  return text[state]
}

/** The passphrase goes out once and is not kept here; one that does not open the vault is told at its field. */
function Unlock({ isNew }: { isNew: boolean }) {
  const [passphrase, setPassphrase] = useState('')
  const [again, setAgain] = useState('')
  const [error, setError] = useState<string>()
  const pending = usePending('unlock')
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (error) form.current?.querySelector('input')?.focus()
  }, [error])
  const send = () => {
    if (isNew && passphrase !== again) return setError(text.differ)
    setPassphrase('')
    setAgain('')
    setError(undefined)
    void act('unlock', async () => {
      try {
        await door.call('vault.unlock', { passphrase })
      } catch (failure) {
        const { code } = explain(failure)
        if (code !== 'passphraseWrong') throw failure
        setError(text.wrong)
        return null
      }
      return isNew ? text.created : text.opened
    })
  }
  const change = (set: (value: string) => void) => (value: string) => {
    setError(undefined)
    set(value)
  }
  return (
    <Form ref={form} onSend={() => passphrase && send()}>
      <SecretField
        label={isNew ? text.newLabel : text.label}
        help={isNew ? text.newHelp : text.help}
        value={passphrase}
        onChange={change(setPassphrase)}
        error={error}
        maxLength={1024}
        autoFocus
      />
      {isNew && (
        <SecretField
          label={text.again}
          help={text.againHelp}
          value={again}
          onChange={change(setAgain)}
          maxLength={1024}
        />
      )}
      <div className="acts">
        <Push type="submit" look="primary" pending={pending} isDisabled={!passphrase || (isNew && !again)}>
          {isNew ? text.create : text.unlock}
        </Push>
      </div>
    </Form>
  )
}

function Restore({ at }: { at: number }) {
  const when = useClock((now) => writeMoment(at, now))
  const restore = () =>
    act('restore', async () => {
      await door.call('vault.restore', {})
      return text.restored
    })
  return (
    <section>
      <h2 className="cap">{text.restoreTitle}</h2>
      <p>{text.restoreText(when)}</p>
      <div className="acts">
        <ActionButton look="primary" action="restore" onPress={restore}>
          {text.restore}
        </ActionButton>
      </div>
    </section>
  )
}

function Reset() {
  const [typed, setTyped] = useState('')
  const pending = usePending('reset')
  const isTyped = typed.trim() === text.resetWord
  const reset = () =>
    act('reset', async () => {
      const { keptAs } = await door.call('vault.reset', { confirmation: 'reset' })
      return text.resetDone(keptAs)
    })
  return (
    <section>
      <h2 className="cap">{text.resetTitle}</h2>
      <Form onSend={() => isTyped && reset()}>
        <p>{text.resetText}</p>
        <Field label={text.resetLabel} value={typed} onChange={setTyped} />
        <div className="acts">
          <Push type="submit" look="danger" pending={pending} isDisabled={!isTyped}>
            {text.reset}
          </Push>
        </div>
      </Form>
    </section>
  )
}

export default function VaultScreen({ vault, state }: { vault: VaultView; state: Shut }) {
  const { offers } = vault
  const message = sayError(vault.errorCode, vault.message)
  const said = saidOf(state, offers)
  const isWaiting = state === 'keychainWaiting'
  useEffect(() => {
    document.title = `${said.title} – ${appWords.name}`
  }, [said.title])
  const retry = () =>
    act('retry', async () => {
      await door.call('vault.retry', {})
      return null
    })
  return (
    <>
      <header className="bar">
        <p className="brand">{appWords.name}</p>
      </header>
      <main className="page">
        <div className="title" role="status">
          <Mark kind={isWaiting ? 'running' : state === 'locked' ? 'paused' : 'needsYou'} said={false} />
          <h1 tabIndex={-1}>{said.title}</h1>
        </div>
        <section>
          <h2 className="cap">{text.what}</h2>
          <p>{said.happened}</p>
          {message && !isWaiting && offers?.unlock !== 'existing' && <p className="note">{message}</p>}
        </section>
        <section>
          <h2 className="cap">{text.safe}</h2>
          <p>{offers?.unlock === 'new' ? text.safeNew : text.safeText}</p>
        </section>
        <section>
          <h2 className="cap">{text.todoTitle}</h2>
          <p>{said.todo}</p>
          {offers?.unlock && <Unlock key={offers.unlock} isNew={offers.unlock === 'new'} />}
          {offers?.retry && (
            <div className="acts">
              <ActionButton look={offers.unlock || offers.restore ? 'plain' : 'primary'} action="retry" onPress={retry}>
                {text.retry}
              </ActionButton>
            </div>
          )}
        </section>
        {offers?.restore && <Restore at={offers.restore.at} />}
        {offers?.reset && <Reset />}
        <FactList rows={[[text.file, vault.path]]} />
      </main>
    </>
  )
}
