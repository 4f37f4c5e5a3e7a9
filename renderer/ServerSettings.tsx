// The settings of one server: name, scopes, redirect host, quirks, schedule. Only what was changed is sent.
// Times are written as people write them; parts of a lifetime are percentages.
import { useState } from 'react'
import { Button } from 'react-aria-components/Button'
import { Checkbox } from 'react-aria-components/Checkbox'
import { Disclosure, DisclosurePanel } from 'react-aria-components/Disclosure'
import { Form } from 'react-aria-components/Form'
import type { Input } from '../app/contract/commands.ts'
import type { ScheduleOverrides } from '../app/contract/server.ts'
import type { ServerView } from '../app/contract/views.ts'
import { act, say, usePending } from './actions.ts'
import { bridge } from './bridge.ts'
import { Choice } from './Choice.tsx'
import { Field, Push } from './controls.tsx'
import { parseDuration, writeDuration } from './durations.ts'
import { words } from './words.ts'

type Knob = keyof ScheduleOverrides
const text = words.serverSettings
const knobs = Object.keys(text.fields) as Knob[]
const fractions: ReadonlySet<Knob> = new Set(['refreshFraction', 'earliestFraction', 'jitter'])
/** The contract's own least values, told before the core has to refuse. */
const least: Partial<Record<Knob, number>> = {
  floor: 1000,
  backoffFirst: 1000,
  backoffMax: 1000,
  guessedLifetime: 1000,
  fixRetry: 60_000
}

function write(knob: Knob, value: number | undefined): string {
  if (value === undefined) return ''
  return fractions.has(knob) ? String(Math.round(value * 1000) / 10) : writeDuration(value)
}

/** What was typed as a number, or what is wrong with it. */
function read(knob: Knob, typed: string): number | string {
  if (fractions.has(knob)) {
    const percent = Number(typed.replace('%', ''))
    return typed.trim() && percent >= 0 && percent <= 100 ? percent / 100 : text.notPercent
  }
  const length = parseDuration(typed)
  if (length === null) return text.notDuration
  const lower = least[knob]
  return lower !== undefined && length < lower ? text.tooShort(writeDuration(lower)) : length
}

export function ServerSettings({ view }: { view: ServerView }) {
  const [name, setName] = useState(view.name)
  const [scope, setScope] = useState<string | null>(null)
  const [host, setHost] = useState('')
  const [quirks, setQuirks] = useState<ServerView['quirks']>({})
  const [typed, setTyped] = useState<Partial<Record<Knob, string>>>({})
  const [errors, setErrors] = useState<Partial<Record<Knob, string>>>({})
  const action = `set ${view.id}`
  const pending = usePending(action)

  const save = async () => {
    const schedule: ScheduleOverrides = {}
    const wrong: Partial<Record<Knob, string>> = {}
    for (const knob of knobs) {
      const value = typed[knob]?.trim()
      const before = write(knob, view.schedule[knob])
      if (value === undefined || value === before) continue
      const number = value === '' ? text.cannotClear : read(knob, value)
      if (typeof number === 'string') wrong[knob] = number
      else schedule[knob] = number
    }
    setErrors(wrong)
    if (Object.keys(wrong).length > 0) return
    const change: Omit<Input<'server.set'>, 'server'> = {
      ...(name.trim() && name.trim() !== view.name && { name: name.trim() }),
      ...(scope !== null && scope.trim() !== (view.scope ?? '') && { scope: scope.trim() || null }),
      ...(host && { redirectHost: host as 'localhost' }),
      ...(Object.keys(quirks).length > 0 && { quirks: quirks as { omitResource: boolean } }),
      ...(Object.keys(schedule).length > 0 && { schedule })
    }
    if (Object.keys(change).length === 0) return say(text.unchanged)
    const saved = await act(action, async () => {
      await bridge.call('server.set', { server: view.id, ...change })
      return words.actions.saved
    })
    if (!saved) return
    setScope(null)
    setHost('')
    setQuirks({})
    setTyped({})
  }

  const quirk = (key: keyof ServerView['quirks']) => (
    <Checkbox
      className="check"
      isSelected={quirks[key] ?? view.quirks[key] ?? false}
      onChange={(on) => setQuirks({ ...quirks, [key]: on })}
    >
      <span className="box" aria-hidden="true" />
      {text[key]}
    </Checkbox>
  )

  return (
    <section>
      <h2 className="cap">{words.detail.settings}</h2>
      <Form
        className="form"
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault()
          save()
        }}
      >
        <Field label={text.name} value={name} onChange={setName} maxLength={100} />
        <Field label={text.scope} help={text.scopeHelp} value={scope ?? view.scope ?? ''} onChange={setScope} />
        <Choice
          label={text.redirectHost}
          help={text.redirectHelp}
          value={host}
          onChange={setHost}
          options={[
            { value: '127.0.0.1', text: '127.0.0.1' },
            { value: 'localhost', text: 'localhost' }
          ]}
        />
        <fieldset className="choice">
          <legend>{text.quirks}</legend>
          {quirk('omitResource')}
          {quirk('allowMissingPkceMetadata')}
        </fieldset>
        <Disclosure className="disclosure" defaultExpanded={Object.keys(view.schedule).length > 0}>
          <h3>
            <Button slot="trigger">
              <span className="chevron" aria-hidden="true" /> {text.schedule}
            </Button>
          </h3>
          <DisclosurePanel>
            <p className="help">{text.scheduleHelp}</p>
            <div className="grid">
              {knobs.map((knob) => (
                <Field
                  key={knob}
                  label={text.fields[knob]}
                  value={typed[knob] ?? write(knob, view.schedule[knob])}
                  onChange={(value) => setTyped({ ...typed, [knob]: value })}
                  error={errors[knob]}
                />
              ))}
            </div>
          </DisclosurePanel>
        </Disclosure>
        <div className="acts">
          <Push type="submit" pending={pending}>
            {words.actions.save}
          </Push>
        </div>
      </Form>
    </section>
  )
}
