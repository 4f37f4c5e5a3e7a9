// The suite's authorization server scenarios, played against the gateway's own authorization server on a real core.
// Its client is let in through the contract, as a person would from the tray; the browser follows what it is told.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../app/base/clock.ts'
import { startGateway } from '../../app/gateway/gateway.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { browse, wait } from '../gateway/access/access.fixture.ts'
import { freePort } from '../support/freePort.ts'
import type { Check, Row } from './suite.ts'

/**
 * The suite warns where a server takes no client ID metadata documents. Ours fetches nothing that a local program names
 * (docs/decisions/0017-no-client-metadata-documents.md); clients register instead.
 */
const known = new Set(['authorization-server-metadata-cimd'])

/** The person's browser, and the person, who says yes. */
async function letIn({ call, core }: Setting, authorizationUrl: string): Promise<void> {
  const { ticket } = await browse(authorizationUrl)
  const [request] = core.snapshot().clients.pending
  if (!request) throw new Error('nobody waits to be let in')
  await call('clients.allow', { request: request.request, always: false })
  const { status, location } = await wait(new URL(authorizationUrl).origin, ticket)
  if (location === null) throw new Error(`${status} without a way on`)
  await fetch(location)
}

/** `suite`: the script of the conformance suite. The rows are as those of the client's scenarios. */
export async function playAuthorization(suite: string): Promise<Row[]> {
  const results = mkdtempSync(join(tmpdir(), 'tokentray-conformance-results-'))
  const setting = await createSetting()
  const gateway = await startGateway({ ...setting.core.gateway, clock: systemClock(), port: 0, publicUrl: null })
  const origin = `http://127.0.0.1:${gateway.port}`
  try {
    await setting.signIn()
    const port = await freePort()
    const reply = await fetch(`${origin}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Conformance', redirect_uris: [`http://127.0.0.1:${port}/callback`] })
    })
    const { client_id } = (await reply.json()) as { client_id: string }
    const args = ['--url', origin, '--client-id', client_id, '--port', `${port}`, '--resource', `${origin}/one`]
    const child = spawn(process.execPath, [suite, 'authorization', ...args, '-o', results], {
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let said = ''
    let asked = false
    let problem = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const url = /^(http\S+\/authorize\?\S+)\n/m.exec(said)?.[1]
        if (asked || !url) return
        asked = true
        letIn(setting, url).catch((error: unknown) => {
          problem = String(error)
          child.kill()
        })
      })
    await new Promise((resolve) => child.once('close', resolve))
    return rowsOf(results, problem || said)
  } finally {
    await gateway.close()
    await setting.stop()
    rmSync(results, { recursive: true, force: true })
  }
}

const scenarios = ['authorization-server-metadata-endpoint', 'authorization-code-grant']

function rowsOf(results: string, said: string): Row[] {
  const files = readdirSync(results, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('checks.json')
  )
  return scenarios.map((scenario) => {
    const path = files.find((file) => file.includes(scenario))
    const checks: Check[] = path
      ? JSON.parse(readFileSync(join(results, path), 'utf8'))
      : [{ id: 'run', status: 'FAILURE', description: `The scenario left no result: ${said.slice(-600)}` }]
    const notes = checks.filter(({ id, status }) => status === 'WARNING' && known.has(id))
    const problems = checks.filter((check) => check.status !== 'SUCCESS' && !notes.includes(check))
    const passed = checks.filter(({ status }) => status === 'SUCCESS').length
    return { run: 'authorization', scenario, passed, problems, notes }
  })
}
