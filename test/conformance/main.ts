// `npm run conformance`: the official MCP conformance suite, pinned and offline, against our command line and gateway.
// Every check of every auth scenario must pass, warnings included but for the one that authorization.ts names.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { playAuthorization } from './authorization.ts'

const root = join(import.meta.dirname, '..', '..')
const suite = join(root, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js')
const client = `${process.execPath} ${join(root, 'test', 'conformance', 'client.ts')}`
const runs = [
  ['--requirements', '2025-11-25'],
  ['--requirements', '2026-07-28'],
  ['--suite', 'backcompat'],
  ['--suite', 'extensions']
]

export type Check = { id: string; status: string; description: string; errorMessage?: string }
/** `notes`: warnings that are known and stay. */
export type Row = { run: string; scenario: string; passed: number; problems: Check[]; notes?: Check[] }

/** All scenarios of a run play at once, each with a client of its own: slow machines need the patience. */
const patience = '180000'

async function output(args: string[]): Promise<string> {
  const child = spawn(process.execPath, [suite, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  await new Promise((resolve) => child.once('close', resolve))
  return text
}

async function play(run: string[]): Promise<{ rows: Row[]; others: number }> {
  const results = mkdtempSync(join(tmpdir(), 'tokentray-conformance-results-'))
  try {
    const said = await output(['client', '--command', client, ...run, '-o', results, '--timeout', patience])
    const ran = [...said.matchAll(/^[✓✗] (\S+): /gm)].map(([, name]) => name ?? '')
    const folders = readdirSync(results, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('checks.json')
    )
    const rows = ran
      .filter((name) => name.startsWith('auth/'))
      .map((scenario) => {
        const path = folders.find(
          (folder) => folder.replaceAll('\\', '/').replace(/-\d{4}-\d\d-\d\dT.*$/, '') === scenario
        )
        const checks: Check[] = path
          ? JSON.parse(readFileSync(join(results, path), 'utf8'))
          : [{ id: 'run', status: 'FAILURE', description: 'The scenario left no result.' }]
        const problems = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
        const passed = checks.filter(({ status }) => status === 'SUCCESS').length
        if (problems.length > 0) process.stderr.write(excerpt(said, scenario))
        return { run: run.join(' '), scenario, passed, problems }
      })
    return { rows, others: ran.length - rows.length }
  } finally {
    rmSync(results, { recursive: true, force: true })
  }
}

/** What the suite said of a client that ended badly. */
function excerpt(said: string, scenario: string): string {
  const at = said.indexOf(`"name":"${scenario}"`)
  return at < 0 ? '' : `${said.slice(at, at + 600)}\n`
}

const listed = (await output(['list', '--client'])).match(/auth\/[\w.-]+/g) ?? []
const seen = new Set<string>()
let failed = 0
let passed = 0
for (const run of runs) {
  const { rows, others } = await play(run)
  tell(run.join(' '), rows)
  if (others > 0) console.log(`  (${others} about MCP messages, which are the MCP client's and not Tokentray's)`)
}
tell("authorization, against the gateway's authorization server", await playAuthorization(suite))

function tell(run: string, rows: Row[]): void {
  console.log(`\n${run}`)
  for (const { scenario, passed: good, problems, notes = [] } of rows) {
    seen.add(scenario)
    passed += good
    failed += problems.length
    console.log(
      `  ${problems.length === 0 ? 'ok  ' : 'FAIL'} ${scenario.padEnd(44)} ${good} passed, ${problems.length} failed`
    )
    for (const { id, status, description, errorMessage } of problems)
      console.log(`         ${status} ${id}: ${errorMessage ?? description}`)
    for (const { id, errorMessage } of notes) console.log(`         known ${id}: ${errorMessage}`)
  }
}
const missing = [...new Set(listed)].filter((scenario) => !seen.has(scenario))
for (const scenario of missing) console.log(`FAIL ${scenario} did not run`)
console.log(`\n${seen.size} scenarios, ${passed} checks passed, ${failed + missing.length} failed`)
process.exit(failed + missing.length === 0 && seen.size > 0 ? 0 : 1)
