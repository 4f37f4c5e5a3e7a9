// The fields of a refresh schedule, general or of one server. An empty field shows the value that applies without it.
// Input is checked here, with a sentence at each wrong field, before anything is sent.
import type { ScheduleChanges, ScheduleOverrides } from '../app/contract/server.ts'
import { Field, Push } from './controls.tsx'
import { parseDuration, writeDuration } from './durations.ts'
import { scheduleWords } from './words/serverSettings.ts'

export type Knob = keyof ScheduleOverrides
export type Typed = Partial<Record<Knob, string>>
const text = scheduleWords
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
    return percent >= 0 && percent <= 100 ? percent / 100 : text.notPercent
  }
  const length = parseDuration(typed)
  if (length === null) return text.notDuration
  const lower = least[knob]
  return lower !== undefined && length < lower ? text.tooShort(writeDuration(lower)) : length
}

/** What was changed, null for a field that was emptied, and a sentence for each field that cannot be read. */
export function readKnobs(set: ScheduleOverrides, typed: Typed): { changes: Partial<ScheduleChanges>; errors: Typed } {
  const changes: Partial<ScheduleChanges> = {}
  const errors: Typed = {}
  for (const knob of knobs) {
    const value = typed[knob]?.trim()
    if (value === undefined || value === write(knob, set[knob])) continue
    const number = value === '' ? null : read(knob, value)
    if (typeof number === 'string') errors[knob] = number
    else changes[knob] = number
  }
  return { changes, errors }
}

/** `below`: the values an empty field follows; unknown where absent. */
export function Knobs({
  set,
  below,
  typed,
  errors,
  onChange
}: {
  set: ScheduleOverrides
  below: ScheduleOverrides
  typed: Typed
  errors: Typed
  onChange: (typed: Typed) => void
}) {
  return (
    <div className="grid">
      {knobs.map((knob) => {
        const value = typed[knob] ?? write(knob, set[knob])
        const fallback = write(knob, below[knob])
        const unit = fractions.has(knob) ? '%' : ''
        return (
          <div key={knob} className="knobField">
            <Field
              label={text.fields[knob]}
              value={value}
              onChange={(next) => onChange({ ...typed, [knob]: next })}
              error={errors[knob]}
              placeholder={fallback && `${fallback}${unit}`}
            />
            {value !== '' && (
              <Push
                look="link"
                aria-label={`${text.fields[knob]}: ${text.followDefault(fallback && `${fallback}${unit}`)}`}
                onPress={() => onChange({ ...typed, [knob]: '' })}
              >
                {text.followDefault(fallback && `${fallback}${unit}`)}
              </Push>
            )}
          </div>
        )
      })}
    </div>
  )
}
