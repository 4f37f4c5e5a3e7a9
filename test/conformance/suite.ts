// Runs the official MCP conformance suite, pinned and offline, and reads the checks that each scenario leaves in files.
// What is counted are the scenarios about authorization; those about MCP messages are an MCP client's.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
export const suite = join(root, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js')

export type Check = { id: string; status: string; description: string; errorMessage?: string }
/** `notes`: warnings that are known and stay. */
export type Row = { run: string; scenario: string; passed: number; problems: Check[]; notes?: Check[] }

/** What a run may take, in ms: all its scenarios play at once, each with a client of its own. Ends a hang only. */
export const patience = 1_800_000

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

/** Plays one run of the suite with `client`, a script for Node; `others` counts the scenarios about MCP messages. */
export async function play(client: string, run: readonly string[]): Promise<{ rows: Row[]; others: number }> {
  const results = mkdtempSync(join(tmpdir(), 'tokentray-conformance-results-'))
  try {
    const said = await output([
      'client',
      '--command',
      `${process.execPath} ${client}`,
      ...run,
      '-o',
      results,
      '--timeout',
      `${patience}`
    ])
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

/** The names of all scenarios about authorization that the suite has for a client. */
export async function listScenarios(): Promise<Set<string>> {
  return new Set((await output(['list', '--client'])).match(/auth\/[\w.-]+/g) ?? [])
}
