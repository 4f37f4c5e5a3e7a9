// JSON of other programs: whatever it holds, its readers get an object, none, or nothing.
// A reply that is broken must be no worse than one that says nothing.
import { expect, test } from 'vitest'
import { fieldsOf, objectIn, parseJson } from '../../app/base/json.ts'

test.each<[string, unknown, object | null]>([
  ['{"a":1}', { a: 1 }, { a: 1 }],
  ['\ufeff{"a":1}', { a: 1 }, { a: 1 }],
  ['[1]', [1], null],
  ['null', null, null],
  ['"text"', 'text', null],
  ['{"a":', undefined, null],
  ['', undefined, null]
])('%j', (text, value, object) => {
  expect([parseJson(text), objectIn(text), fieldsOf(parseJson(text))]).toEqual([value, object, object ?? {}])
})
