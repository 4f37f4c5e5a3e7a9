// The fields of a refresh schedule, general or of one server. An empty field shows the value that applies without it.
// Input is checked here, with a sentence at each wrong field, before anything is sent.
import type { ScheduleChanges, ScheduleOverrides } from '../app/contract/serverConfig.ts'
import { Field, Push } from './controls.tsx'
import { parseDuration, writeDuration } from './durations.ts'
import { scheduleWords } from './words/serverSettings.ts'

export type ScheduleField = keyof ScheduleOverrides
export type Typed = Partial<Record<ScheduleField, string>>
const text = scheduleWords
const fields = Object.keys(text.fields) as ScheduleField[]
const fractions: ReadonlySet<ScheduleField> = new Set(['refreshFraction', 'earliestFraction', 'jitter'])
/** The contract's own least values, told before the core has to refuse. */
const least: Partial<Record<ScheduleField, number>> = {
  floor: 1000,
  backoffFirst: 1000,
  backoffMax: 1000,
  guessedLifetime: 1000,
  fixRetry: 60_000
}

function write(field: ScheduleField, value: number | undefined): string {
  if (value === undefined) return ''
  return fractions.has(field) ? String(Math.round(value * 1000) / 10) : writeDuration(value)
}

/** What was typed as a number, or what is wrong with it. */
function read(field: ScheduleField, typed: string): number | string {
  if (fractions.has(field)) {
    const percent = Number(typed.replace('%', ''))
    return percent >= 0 && percent <= 100 ? percent / 100 : text.notPercent
  }
  const length = parseDuration(typed)
  if (length === null) return text.notDuration
  const lower = least[field]
  return lower !== undefined && length < lower ? text.tooShort(writeDuration(lower)) : length
}

/** What was changed, null for a field that was emptied, and a sentence for each field that cannot be read. */
export function readScheduleFields(
  set: ScheduleOverrides,
  typed: Typed
): { changes: Partial<ScheduleChanges>; errors: Typed } {
  const changes: Partial<ScheduleChanges> = {}
  const errors: Typed = {}
  for (const field of fields) {
    const value = typed[field]?.trim()
    if (value === undefined || value === write(field, set[field])) continue
    const number = value === '' ? null : read(field, value)
    if (typeof number === 'string') errors[field] = number
    else changes[field] = number
  }
  return { changes, errors }
}

/** `below`: the values an empty field follows; unknown where absent. */
export function ScheduleFields({
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
      {fields.map((field) => {
        const value = typed[field] ?? write(field, set[field])
        const fallback = write(field, below[field])
        const unit = fractions.has(field) ? '%' : ''
        return (
          <div key={field} className="scheduleField">
            <Field
              label={text.fields[field]}
              value={value}
              onChange={(next) => onChange({ ...typed, [field]: next })}
              error={errors[field]}
              placeholder={fallback && `${fallback}${unit}`}
            />
            {value !== '' && (
              <Push
                look="link"
                aria-label={`${text.fields[field]}: ${text.followDefault(fallback && `${fallback}${unit}`)}`}
                onPress={() => onChange({ ...typed, [field]: '' })}
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
