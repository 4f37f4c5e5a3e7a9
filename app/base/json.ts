// Reads JSON that another program wrote, and that may be anything: broken text, null, or a list where an object belongs.
// Code that took such a value for what it should be would fail on a reply that only its sender got wrong.

export type Json = Record<string, unknown>

/** The value in `text`, before which some servers write a byte order mark; undefined: the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    return undefined
  }
}

/** True for an object with fields, which a list and null are not. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The fields of an object; {} for any other value. */
export const fieldsOf = (value: unknown): Json => (isObject(value) ? value : {})

/** The object in `text`; null: there is none. */
export function objectIn(text: string): Json | null {
  const value = parseJson(text)
  return isObject(value) ? value : null
}
