// The official MCP conformance suite against the command line and the gateway's authorization server.
// Every check of every auth scenario must pass, warnings included but for the one that authorization.ts names.
import { beforeAll, expect, test } from 'vitest'
import { shared } from '../support/shared.ts'
import { playAuthorization } from './authorization.ts'
import { listScenarios, patience, play, type Row, suite } from './suite.ts'

const seen = new Set<string>()
let client = ''
beforeAll(async () => {
  client = await shared('conformanceClient')
})

/** Prints what each scenario came to, and expects that none has a problem. */
function expectPassed(run: string, rows: Row[]): void {
  const lines = rows.flatMap(({ scenario, passed, problems, notes = [] }) => [
    `  ${problems.length === 0 ? 'ok  ' : 'FAIL'} ${scenario.padEnd(44)} ${passed} passed, ${problems.length} failed`,
    ...notes.map(({ id, errorMessage }) => `         known ${id}: ${errorMessage}`)
  ])
  console.log([run, ...lines].join('\n'))
  for (const { scenario } of rows) seen.add(scenario)
  const problems = rows.flatMap(({ scenario, problems }) =>
    problems.map(
      ({ id, status, description, errorMessage }) => `${scenario}: ${status} ${id}: ${errorMessage ?? description}`
    )
  )
  expect(problems).toEqual([])
  expect(rows.reduce((sum, { passed }) => sum + passed, 0)).toBeGreaterThan(0)
}

test.each([
  ['--requirements', '2025-11-25'],
  ['--requirements', '2026-07-28'],
  ['--suite', 'backcompat'],
  ['--suite', 'extensions']
])(
  'the client scenarios of %s %s',
  async (...run) => {
    const { rows, others } = await play(client, run)
    expectPassed(`${run.join(' ')} (and ${others} about MCP messages, which are the MCP client's)`, rows)
  },
  patience
)

test('every client scenario about authorization was in one of these runs', async () => {
  const listed = await listScenarios()
  expect(listed.size).toBeGreaterThan(0)
  expect([...listed].filter((scenario) => !seen.has(scenario))).toEqual([])
})

test("the authorization server scenarios against the gateway's", async () => {
  expectPassed("authorization, against the gateway's authorization server", await playAuthorization(suite))
})
