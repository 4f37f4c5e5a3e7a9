// Generated pages are what their scripts make today; that of the failure modes is made only where each has a test.
// When this fails: npm run docs, and read what changed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeClientsPage } from '../../build/clients.ts'
import { makeProtocolCoverage } from '../../build/coverage.ts'
import { makeFailureModes } from '../../build/failures.ts'
import { makeFloors } from '../../build/floors.ts'
import { makeProvidersPage } from '../../build/providers.ts'
import { makeSettingsReference } from '../../build/settings.ts'

const page = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8')

test('docs/settings.md is up to date', () => {
  expect(page('settings.md')).toBe(makeSettingsReference())
})

test('docs/connect.md is up to date', () => {
  expect(page('connect.md')).toBe(makeClientsPage())
})

test('docs/providers.md is up to date', () => {
  expect(page('providers.md')).toBe(makeProvidersPage())
})

test('docs/failure-modes.md is up to date', () => {
  expect(page('failure-modes.md')).toBe(makeFailureModes())
})

test('docs/protocol-coverage.md is up to date', () => {
  expect(page('protocol-coverage.md')).toBe(makeProtocolCoverage())
})

test('docs/floors.svg is up to date', () => {
  expect(page('floors.svg')).toBe(makeFloors())
})
