// Controls that all pages share, built on react-aria-components: buttons with progress, fields, confirmations, toasts.
// Fields for secrets are write-only: they are cleared as soon as their value was sent.
import { useEffect, useRef, useState } from 'react'
import { Button, type ButtonProps } from 'react-aria-components/Button'
import { FieldError } from 'react-aria-components/FieldError'
import { Input } from 'react-aria-components/Input'
import { Label } from 'react-aria-components/Label'
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components/Modal'
import { ProgressBar } from 'react-aria-components/ProgressBar'
import { Text } from 'react-aria-components/Text'
import { TextArea } from 'react-aria-components/TextArea'
import { TextField, type TextFieldProps } from 'react-aria-components/TextField'
import { UNSTABLE_Toast as Toast, UNSTABLE_ToastRegion as ToastRegion } from 'react-aria-components/Toast'
import { copy, toasts, usePending } from './actions.ts'
import { go, hasMoved, screens } from './store.ts'
import { actionWords } from './words/actions.ts'
import { addWords } from './words/addServer.ts'
import { appWords } from './words/app.ts'
import { listWords } from './words/list.ts'
import { detailWords } from './words/server.ts'

type PushProps = Omit<ButtonProps, 'className' | 'children'> & {
  look?: 'primary' | 'plain' | 'danger' | 'link'
  pending?: boolean
  children: React.ReactNode
}

export function Push({ look = 'plain', pending = false, children, ...rest }: PushProps) {
  return (
    <Button {...rest} className={`button ${look}`} isPending={pending}>
      {pending && (
        <ProgressBar isIndeterminate aria-label={actionWords.working} className="spinner">
          <svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
            <path d="M8 2.2a5.8 5.8 0 0 1 5.8 5.8" className="spin" />
          </svg>
        </ProgressBar>
      )}
      {children}
    </Button>
  )
}

/** A button whose work runs under `action`, and which shows that it does. */
export function ActionButton({ action, ...rest }: PushProps & { action: string }) {
  return <Push {...rest} pending={usePending(action)} />
}

type FieldProps = Omit<TextFieldProps, 'className' | 'children'> & {
  label: string
  help?: string | undefined
  error?: string | undefined
  placeholder?: string | undefined
  /** How many lines to write in; one without it. */
  lines?: number
}

export function Field({ label, help, error, placeholder, lines, ...rest }: FieldProps) {
  return (
    <TextField
      autoComplete="off"
      spellCheck="false"
      {...rest}
      className="field"
      {...(error !== undefined && { isInvalid: true })}
    >
      <Label>{label}</Label>
      {lines ? <TextArea rows={lines} /> : <Input {...(placeholder && { placeholder })} />}
      {help && (
        <Text slot="description" className="help">
          {help}
        </Text>
      )}
      <FieldError className="fieldError">{error}</FieldError>
    </TextField>
  )
}

/** For what must not be read over a shoulder, nor remembered by the browser. */
export function SecretField(props: FieldProps) {
  return <Field {...props} type="password" autoComplete="new-password" help={props.help ?? addWords.writeOnly} />
}

export const isPort = (typed: string) => /^\d+$/.test(typed) && Number(typed) >= 1 && Number(typed) <= 65_535

/** Where the browser comes back to (RFC 8252 section 7.3), as it is entered at the authorization server. */
export const redirectAddress = (host: string, port: string) => `http://${host}:${port}/callback`

export function CopyLine({ text, label }: { text: string; label: string }) {
  return (
    <div className="copyLine">
      <span className="fieldLabel">{label}</span>
      <code>{text}</code>
      <ActionButton action="copy" onPress={() => copy(text)}>
        {actionWords.copy}
      </ActionButton>
    </div>
  )
}

/** The header with the way back, the heading that takes the focus, and the body. */
export function Page({
  title,
  mark,
  side,
  children
}: {
  title: string
  mark?: React.ReactNode
  side?: string
  children: React.ReactNode
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (hasMoved) heading.current?.focus()
    window.scrollTo(0, 0)
  }, [])
  useEffect(() => {
    document.title = `${title} – ${appWords.name}`
  }, [title])
  return (
    <>
      <header className="bar">
        <Push look="link" onPress={() => go({ name: 'list' })}>
          <span aria-hidden="true">‹</span> {detailWords.back}
        </Push>
        {screens.get().name !== 'settings' && <SettingsButton />}
      </header>
      <main className="page">
        <div className="title">
          {mark}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {side && <span className="host">{side}</span>}
        </div>
        {children}
      </main>
    </>
  )
}

/** In place of the page of a server that was removed, or that an old address names. */
export function UnknownServer() {
  return (
    <Page title={listWords.title}>
      <p className="lead">{detailWords.unknown}</p>
    </Page>
  )
}

export function SettingsButton() {
  return (
    <Button className="icon" aria-label={listWords.settings} onPress={() => go({ name: 'settings' })}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d="M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7" className="stroke" />
        <circle cx="11" cy="4.5" r="1.9" className="stroke" />
        <circle cx="5" cy="11.5" r="1.9" className="stroke" />
      </svg>
    </Button>
  )
}

/** Asks before something that cannot be undone; the harmless answer has the focus. */
export function Question({
  title,
  text,
  yes,
  isOpen,
  onClose,
  onYes
}: {
  title: string
  text: string
  yes: string
  isOpen: boolean
  onClose: () => void
  onYes: () => void
}) {
  return (
    <ModalOverlay className="overlay" isOpen={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <Dialog role="alertdialog" className="dialog">
          <Heading slot="title">{title}</Heading>
          <p>{text}</p>
          <div className="acts end">
            <Push autoFocus onPress={onClose}>
              {actionWords.cancel}
            </Push>
            <Push
              look="danger"
              onPress={() => {
                onClose()
                onYes()
              }}
            >
              {yes}
            </Push>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** A button that asks its question first. */
export function AskButton({
  action,
  title,
  text,
  yes,
  onYes,
  children
}: {
  action: string
  title: string
  text: string
  yes: string
  onYes: () => void
  children: React.ReactNode
}) {
  const [asks, setAsks] = useState(false)
  return (
    <>
      <ActionButton look="danger" action={action} onPress={() => setAsks(true)}>
        {children}
      </ActionButton>
      <Question title={title} text={text} yes={yes} isOpen={asks} onClose={() => setAsks(false)} onYes={onYes} />
    </>
  )
}

export function Toasts() {
  return (
    <ToastRegion queue={toasts} className="toasts" aria-label={appWords.notifications}>
      {({ toast }) => (
        <Toast toast={toast} className={`toast ${toast.content.tone}`}>
          <Text slot="title">{toast.content.text}</Text>
          <Button slot="close" className="icon" aria-label={actionWords.close}>
            <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
              <path d="M4 4l8 8M12 4l-8 8" className="stroke" />
            </svg>
          </Button>
        </Toast>
      )}
    </ToastRegion>
  )
}
