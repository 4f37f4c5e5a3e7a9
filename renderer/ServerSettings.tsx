// The settings of one server: name, scopes, redirect URI, parameters, quirks, schedule. Only what was changed is sent.
// A setting that takes effect later says when.
import { useState } from 'react'
import { Checkbox } from 'react-aria-components/Checkbox'
import type { Input } from '../app/contract/commands.ts'
import type { ServerView } from '../app/contract/views.ts'
import { Advanced, type Errors as AdvancedErrors, type AdvancedTyped, advancedOf, readAdvanced } from './Advanced.tsx'
import { act, say, usePending } from './actions.ts'
import { Choice } from './Choice.tsx'
import { CopyLine, Field, isPort, Push, redirectAddress } from './controls.tsx'
import { door } from './door.ts'
import { Fold } from './Fold.tsx'
import { Form } from './Form.tsx'
import { readScheduleFields, ScheduleFields, type Typed } from './ScheduleFields.tsx'
import { useSettings } from './settings.ts'
import { actionWords } from './words/actions.ts'
import { addWords } from './words/addServer.ts'
import { advancedWords, scheduleWords, serverSettingsWords } from './words/serverSettings.ts'

const text = serverSettingsWords

const writeParams = (params: ServerView['params']) =>
  Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')

/** One `name=value` a line; null where a line is none. */
function readParams(typed: string): ServerView['params'] | null {
  const lines = typed.split('\n').filter((line) => line.trim())
  const pairs = lines.map((line) => /^\s*([^=\s]+)\s*=(.*)$/.exec(line))
  if (pairs.includes(null)) return null
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!.trim()]))
}

type Edited = {
  name: string
  scope: string
  params: string
  redirectHost: ServerView['redirectHost']
  redirectPort: string
  quirks: ServerView['quirks']
  schedule: Typed
  advanced: Partial<AdvancedTyped>
}
type Errors = { redirectPort?: string; params?: string; schedule: Typed; advanced: AdvancedErrors }
const noErrors: Errors = { schedule: {}, advanced: {} }

/** The change to send, and what is wrong with what was typed. */
function readEdited(view: ServerView, edited: Partial<Edited>) {
  const { name, scope, redirectHost, quirks } = edited
  const { changes, errors: wrong } = readScheduleFields(view.schedule, edited.schedule ?? {})
  const advanced = readAdvanced(advancedOf(view), edited.advanced ?? {})
  const errors: Errors = { schedule: wrong, advanced: advanced.errors ?? {} }
  const port = edited.redirectPort?.trim()
  const params = edited.params === undefined ? undefined : readParams(edited.params)
  if (port && !isPort(port)) errors.redirectPort = addWords.portWrong
  if (params === null) errors.params = text.paramsWrong
  const change: Omit<Input<'server.set'>, 'server'> = {
    ...(name?.trim() && name.trim() !== view.name && { name: name.trim() }),
    ...(scope !== undefined && scope.trim() !== (view.scope ?? '') && { scope: scope.trim() || null }),
    ...(redirectHost && redirectHost !== view.redirectHost && { redirectHost }),
    ...(port !== undefined && port !== String(view.redirectPort ?? '') && { redirectPort: port ? Number(port) : null }),
    ...(params && writeParams(params) !== writeParams(view.params) && { params }),
    ...(quirks && { quirks }),
    ...advanced.change,
    ...(Object.keys(changes).length > 0 && { schedule: changes as NonNullable<Input<'server.set'>['schedule']> })
  }
  const isWrong = errors.redirectPort || errors.params || advanced.errors || Object.keys(wrong).length > 0
  return { change, errors: isWrong ? errors : null }
}

export function ServerSettings({ view }: { view: ServerView }) {
  const [edited, setEdited] = useState<Partial<Edited>>({})
  const [errors, setErrors] = useState<Errors>(noErrors)
  const general = useSettings()
  const action = `set ${view.id}`
  const pending = usePending(action)
  const set = (part: Partial<Edited>) => setEdited((old) => ({ ...old, ...part }))
  const host = edited.redirectHost ?? view.redirectHost
  const port = edited.redirectPort ?? String(view.redirectPort ?? '')

  const save = async () => {
    const { change, errors } = readEdited(view, edited)
    setErrors(errors ?? noErrors)
    if (errors) return
    if (Object.keys(change).length === 0) return say(text.unchanged)
    const saved = await act(action, async () => {
      await door.call('server.set', { server: view.id, ...change })
      return actionWords.saved
    })
    if (saved) setEdited({})
  }

  const quirk = (key: keyof ServerView['quirks']) => (
    <Checkbox
      className="check"
      isSelected={Boolean(edited.quirks?.[key] ?? view.quirks[key])}
      onChange={(on) => set({ quirks: { ...edited.quirks, [key]: on && (view.quirks[key] || true) } })}
    >
      <span className="box" aria-hidden="true" />
      <span>
        {text[key]}
        <small>{text.quirksHelp[key]}</small>
        {typeof view.quirks[key] === 'string' && <small>{text.quirkIssuer(view.quirks[key])}</small>}
        {view.quirks[key] && view.quirkReasons[key] && <small>{text.quirkReason(view.quirkReasons[key])}</small>}
      </span>
    </Checkbox>
  )

  return (
    <Form validationBehavior="aria" onSend={save}>
      <Field label={text.name} value={edited.name ?? view.name} onChange={(name) => set({ name })} maxLength={100} />
      {view.grantKind !== 'staticToken' && (
        <Field
          label={text.scope}
          help={text.scopeHelp}
          value={edited.scope ?? view.scope ?? ''}
          onChange={(scope) => set({ scope })}
        />
      )}
      {view.grantKind === 'authorizationCode' && (
        <>
          <div className="grid">
            <Choice
              label={text.redirectHost}
              help={text.redirectHelp}
              value={host}
              onChange={(value) => set({ redirectHost: value as Edited['redirectHost'] })}
              options={[
                { value: '127.0.0.1', text: '127.0.0.1' },
                { value: 'localhost', text: 'localhost' }
              ]}
            />
            <Field
              label={text.redirectPort}
              help={text.redirectPortHelp}
              inputMode="numeric"
              value={port}
              onChange={(redirectPort) => set({ redirectPort })}
              error={errors.redirectPort}
            />
          </div>
          {isPort(port) && <CopyLine label={text.redirect} text={redirectAddress(host, port)} />}
        </>
      )}
      {view.grantKind !== 'staticToken' && (
        <>
          <Field
            label={text.params}
            help={text.paramsHelp}
            lines={2}
            value={edited.params ?? writeParams(view.params)}
            onChange={(params) => set({ params })}
            error={errors.params}
          />
          <fieldset className="choice">
            <legend>{text.quirks}</legend>
            {quirk('omitResource')}
            {quirk('allowMissingPkceMetadata')}
            {quirk('acceptIssuerSlash')}
            {quirk('allowPrivateAddresses')}
            {quirk('signInAnyway')}
            {/* Only a failed sign-in says which issuer it would be for. */}
            {view.quirks.acceptIssuer && quirk('acceptIssuer')}
            {view.quirks.allowMissingIss && quirk('allowMissingIss')}
          </fieldset>
        </>
      )}
      <Fold title={advancedWords.title} level={3} isForm>
        <Advanced
          view={view}
          typed={edited.advanced ?? {}}
          errors={errors.advanced}
          onChange={(part) => set({ advanced: { ...edited.advanced, ...part } })}
        />
      </Fold>
      {view.grantKind !== 'staticToken' && (
        <Fold title={scheduleWords.title} level={3} defaultExpanded={Object.keys(view.schedule).length > 0}>
          <p className="help">{scheduleWords.help}</p>
          <ScheduleFields
            set={view.schedule}
            below={general?.schedule ?? {}}
            typed={edited.schedule ?? {}}
            errors={errors.schedule}
            onChange={(schedule) => set({ schedule })}
          />
        </Fold>
      )}
      <div className="acts">
        <Push type="submit" pending={pending}>
          {actionWords.save}
        </Push>
      </div>
    </Form>
  )
}
