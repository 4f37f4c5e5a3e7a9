// The MCP client that the conformance suite starts: the product's own command line gets the tokens, and nothing else does.
// A `serve` with a vault in memory owns the tokens; `add`, `login` and `token` are its clients over the control socket.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { systemClock, systemRandom } from '../../app/base/clock.ts'
import { locate } from '../../app/base/paths.ts'
import { run } from '../../app/cli/run.ts'
import { Interrupted, type World } from '../../app/cli/world.ts'
import { openCore } from '../../app/core/core.ts'
import { approve } from '../../app/demo/person.ts'
import { bearerChallenge } from '../../app/net/challenge.ts'
import { claimOwnership } from '../../app/owner/lock.ts'
import { readHandOver } from '../support/handOver.ts'
import { optionsFor } from './scenarios.ts'

const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? ''
const version = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? '2025-11-25'
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as Record<string, string>
const serverUrl = process.argv.at(-1) ?? ''

const folder = mkdtempSync(join(tmpdir(), 'tokentray-conformance-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const env = { TOKENTRAY_HOME: folder, XDG_RUNTIME_DIR: folder, PATH: process.env.PATH ?? '' }
writeFileSync(
  join(folder, 'settings.json'),
  JSON.stringify({ clientMetadataUrl: 'https://conformance-test.local/client-metadata.json' })
)

type Ended = { code: number; out: string }

/** One `tokentray` command line; `onLine` sees what it writes. */
async function tokentray(
  argv: string[],
  signal = new AbortController().signal,
  onText = (_: string) => {}
): Promise<Ended> {
  let out = ''
  const stdout = new PassThrough().setEncoding('utf8').on('data', (text: string) => {
    out += text
    onText(text)
  })
  const stdin = new PassThrough()
  stdin.end()
  const world: World = {
    env,
    platform: process.platform,
    paths: locate(env, process.platform),
    version: '0.0.0',
    stdin,
    stdout,
    stderr: process.stderr,
    clock: systemClock(),
    random: systemRandom,
    signal,
    claim: async (folder) => claimOwnership(folder),
    hostCore: openCore,
    notice: (sentence) => void process.stderr.write(`tokentray: ${sentence}\n`),
    ask: null,
    lookUp: async () => ['127.0.0.1'],
    openBrowser: async () => false,
    openPage: async (file) =>
      approve(await readHandOver(file)).then(
        () => true,
        () => false
      )
  }
  return { code: await run(argv, world), out }
}

type Use = { ok: boolean; status: number; challenge: Record<string, string> }

/** What an MCP client does with its token: a session, or single requests from 2026-07-28 on; up to the first refusal. */
async function speakTo(id: string): Promise<Use> {
  const stateless = version >= '2026-07-28'
  const methods: [string, Record<string, unknown>][] = [
    ...(stateless
      ? []
      : ([
          [
            'initialize',
            { protocolVersion: version, capabilities: {}, clientInfo: { name: 'conformance', version: '1' } }
          ],
          ['notifications/initialized', {}]
        ] as [string, Record<string, unknown>][])),
    ['tools/list', {}],
    ['tools/call', { name: 'test-tool', arguments: {} }]
  ]
  for (const [method, params] of methods) {
    const reply = await ask(id, method, params, stateless)
    await reply.body?.cancel()
    if (reply.ok) continue
    const challenge = bearerChallenge(reply.headers.get('www-authenticate'))
    return { ok: false, status: reply.status, challenge: challenge?.params ?? {} }
  }
  return { ok: true, status: 200, challenge: {} }
}

async function ask(id: string, method: string, params: Record<string, unknown>, stateless: boolean): Promise<Response> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientInfo': { name: 'conformance', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {}
  }
  const body = JSON.stringify({
    jsonrpc: '2.0',
    ...(method.startsWith('notifications/') ? {} : { id: 1 }),
    method,
    params: stateless ? { ...params, _meta: meta } : params
  })
  const send = async (nonce: string[]) => {
    const { out } = await tokentray(['token', id, '--json', '--proof', `POST ${serverUrl}`, ...nonce])
    const { token, tokenType, proof } = JSON.parse(out) as { token: string; tokenType: string; proof: string | null }
    return fetch(serverUrl, {
      method: 'POST',
      headers: {
        authorization: `${tokenType} ${token}`,
        ...(proof !== null && { dpop: proof }),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': version
      },
      body
    })
  }
  const reply = await send([])
  const nonce = reply.headers.get('dpop-nonce')
  if (reply.status !== 401 || nonce === null) return reply
  await reply.body?.cancel()
  return send(['--nonce', nonce])
}

async function play(): Promise<number> {
  const added = await tokentray(['add', serverUrl, '--json', ...optionsFor(scenario, context, folder)])
  if (added.code !== 0) return added.code
  const { id } = (JSON.parse(added.out) as { view: { id: string } }).view
  // More than the suite allows, so that the limit under test is the product's own.
  for (let attempt = 0; attempt < 6; attempt++) {
    const use = await speakTo(id)
    if (use.ok) return 0
    const more = use.status === 403 && use.challenge.scope ? ['--add-scope', use.challenge.scope] : []
    if (use.status !== 401 && more.length === 0) return 1
    const login = await tokentray(['login', id, ...more])
    if (login.code !== 0) return login.code
  }
  return 1
}

if (!scenario.startsWith('auth/')) {
  process.stderr.write(`${scenario} is about MCP messages, which are the MCP client's and not Tokentray's\n`)
  process.exit(1)
}
const stopping = new AbortController()
const served = Promise.withResolvers<void>()
const serve = tokentray(['serve', '--ephemeral', '--no-dashboard', '--no-gateway'], stopping.signal, (text) => {
  if (text.includes('is running')) served.resolve()
})
await Promise.race([served.promise, serve])
const code = await play()
stopping.abort(new Interrupted(0))
await serve
process.exit(code)
