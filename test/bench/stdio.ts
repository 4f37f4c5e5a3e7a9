// `tokentray mcp` beside mcp-remote: the same client on stdio, the same MCP server, calls per second.
// The server wants a bearer token; mcp-remote has it in a file of headers, so neither signs in nor opens a browser.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { addServer, bundle, root, startProbed, withOwner } from './bench.fixture.ts'
import { interleave, judge, median, type Part, rowOf, timed } from './stats.ts'

const rounds = 15
const batch = 100
const token = 'a'.repeat(1600)
const call = { name: 'echo', arguments: { text: 'x'.repeat(1960) } }

async function connect(args: string[], env: NodeJS.ProcessEnv): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1' })
  const transport = new StdioClientTransport({
    command: process.execPath,
    args,
    env: env as Record<string, string>,
    stderr: 'ignore'
  })
  await client.connect(transport)
  return client
}

async function callOnce(client: Client): Promise<void> {
  const { content } = await client.callTool(call)
  if (!JSON.stringify(content).includes(call.arguments.text)) throw new Error('the call was not answered')
}

const perSecond = (ms: number) => (1000 * batch) / ms
const inTurn = (client: Client) => async () =>
  perSecond(
    await timed(async () => {
      for (let n = 0; n < batch; n++) await callOnce(client)
    })
  )
/** As many as sixteen under way at any time. */
const together = (client: Client) => async () => {
  let left = batch
  const work = async () => {
    while (left-- > 0) await callOnce(client)
  }
  return perSecond(await timed(() => Promise.all(Array.from({ length: 16 }, work))))
}

export function measureStdio(): Promise<Part> {
  return withOwner(0, async (owner) => {
    const upstream = startProbed([join(import.meta.dirname, 'mcpChild.ts'), token])
    const clients: Client[] = []
    try {
      const [line] = await once(createInterface({ input: upstream.child.stdout! }), 'line')
      const url = `http://127.0.0.1:${JSON.parse(line).port}/mcp`
      await addServer(owner, url, token)
      const headers = join(owner.home, 'headers.txt')
      writeFileSync(headers, `Authorization: Bearer ${token}\n`, { mode: 0o600 })
      const remote = join(root, 'node_modules/mcp-remote/dist/proxy.js')
      const env = { ...owner.env, MCP_REMOTE_CONFIG_DIR: join(owner.home, 'mcp-remote') }
      const [before, own] = [
        await connect([remote, url, '--header-file', headers], env),
        await connect([bundle, 'mcp', 'one'], owner.env)
      ]
      clients.push(before, own)
      const [one, many] = [inTurn, together].map((make) => ({ remote: make(before), tokentray: make(own) }))
      await interleave(3, one!)
      await interleave(3, many!)
      const alone = await interleave(rounds, one!)
      const busy = await interleave(rounds, many!)
      const ahead = (values: typeof alone) => 100 * median(values.tokentray.map((it, at) => it / values.remote[at]!))
      return {
        name: 'stdio',
        title: 'A call through the stdio door',
        about: `Tool calls of 2 KB by the client of the MCP SDK 2.x, batches of ${batch} in turn, the ratio to mcp-remote. \`tokentray mcp\` passes the gateway of a running \`tokentray serve\`, both bundled; mcp-remote asks the server itself, with the token from a file of headers.`,
        rows: [
          rowOf('one after another, mcp-remote', 'per second', alone.remote, alone.remote),
          rowOf('one after another, tokentray mcp', 'per second', alone.tokentray, alone.remote),
          rowOf('16 at a time, mcp-remote', 'per second', busy.remote, busy.remote),
          rowOf('16 at a time, tokentray mcp', 'per second', busy.tokentray, busy.remote)
        ],
        notes: [
          judge('Calls per second, one after another, of those of mcp-remote', ahead(alone), '%', 100, 'at least'),
          judge('16 at a time', ahead(busy), '%', 100, 'at least')
        ]
      }
    } finally {
      for (const client of clients) await client.close()
      await upstream.stop()
    }
  })
}
