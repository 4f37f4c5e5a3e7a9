// Generated pages are what their scripts make today, and what the written ones name is there.
// When a generated page fails: npm run docs, and read what changed.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { makeClientsPage } from '../../build/clients.ts'
import { makeProtocolCoverage } from '../../build/coverage.ts'
import { makeFailureModes } from '../../build/failures.ts'
import { makeFloors } from '../../build/floors.ts'
import { makeProvidersPage } from '../../build/providers.ts'
import { makeSettingsReference } from '../../build/settings.ts'

const root = join(import.meta.dirname, '..', '..')
const page = (name: string) => readFileSync(join(root, 'docs', name), 'utf8')

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

const written = globSync(['*.md', 'docs/*.md', 'docs/decisions/*.md'], { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8')
}))

test('every link of a page to a file of this tree leads somewhere', () => {
  const dead = written.flatMap(({ file, text }) =>
    [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)]
      .filter(([, path]) => !existsSync(join(root, dirname(file), path!)))
      .map(([, path]) => `${file}: ${path}`)
  )
  expect(dead).toEqual([])
})

test('every source that a page names is there', () => {
  const sources = globSync('{app,main,renderer,build,test,.github}/**/*.*', { cwd: root })
    .concat(globSync('*.*', { cwd: root }))
    .map((path) => `/${path.replaceAll('\\', '/')}`)
  const missing = written
    // The changelog tells of files that are gone, too.
    .filter(({ file }) => file !== 'CHANGELOG.md')
    .flatMap(({ file, text }) =>
      [...text.matchAll(/`([\w./-]+\.(?:tsx?|mjs|grit|yml))`/g)]
        // The file that a reader of CONTRIBUTING.md is to make.
        .filter(([, path]) => path !== 'app/cli/commands/failures.ts')
        .filter(([, path]) => !sources.some((source) => source.endsWith(`/${path}`)))
        .map(([, path]) => `${file}: ${path}`)
    )
  expect(missing).toEqual([])
})
