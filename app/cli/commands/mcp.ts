// `tokentray mcp`: the bridge for clients that speak MCP on stdin and stdout only; stderr stays quiet unless asked.
// A client waits for it to start, so nothing imported here loads zod or commander.
import type { Readable } from 'node:stream'
import { Secret } from '../../base/secret.ts'
import { runBridge } from '../../bridge/bridge.ts'
import type { GatewayAccess } from '../../bridge/gatewayClient.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { connect } from '../../owner/client.ts'
import { printNote } from '../output.ts'
import type { World } from '../world.ts'

export type McpOptions = { verbose?: boolean }

/** Runs until stdin ends or SIGTERM; resolves with the exit code. */
export async function mcp(world: World, server: string, options: McpOptions): Promise<number> {
  let said = ''
  let held: Held | null = null
  const run = `${process.pid}-${world.clock.now()}-${Math.trunc(world.random() * 1e9)}`
  let refusal = ''
  /** Prints a failure without --verbose, once: of all that goes wrong, a client shows only stderr. */
  const printOnce = (sentence: string) => {
    if (sentence !== said) printNote(world, `tokentray: ${sentence}`)
    said = sentence
  }
  const obtainAccess = async (): Promise<GatewayAccess> => {
    try {
      held = await letIn(world, server, run)
      said = ''
      return held
    } catch (error) {
      refusal = error instanceof TokentrayError ? error.message : ''
      // Later on it may be a restart, which is waited for; then it counts only once a request failed for it.
      if (held === null && refusal !== '') printOnce(refusal)
      throw error
    }
  }
  await runBridge({
    obtainAccess,
    lines: linesOf(world.stdin),
    write: (line) =>
      new Promise((resolve) => {
        if (world.stdout.destroyed || world.stdout.write(`${line}\n`)) resolve()
        else for (const event of ['drain', 'close']) world.stdout.once(event, () => resolve())
      }),
    clock: world.clock,
    onFailure: (sentence) => sentence === refusal && printOnce(sentence),
    log: (sentence) => options.verbose && printNote(world, `tokentray: ${sentence}`),
    stop: world.signal
  })
  if (held) await letGo(world, held)
  return 0
}

type Held = GatewayAccess & { id: string }

/** A key of this run, from the owner whose gateway is running. Rejects `ownerUnreachable`, `serverUnknown`. */
async function letIn(world: World, server: string, run: string): Promise<Held> {
  const client = await connect(world.paths, world.clock)
  if (client?.kind !== 'lasting')
    throw new TokentrayError(
      'ownerUnreachable',
      'Tokentray is not running. Start the Tokentray app or run tokentray serve, then try again.'
    )
  // Not the port that was kept: somebody else's program may hold it, and must get neither key nor message.
  const { gateway } = await client.call('snapshot', {})
  if (!gateway?.address)
    throw new TokentrayError(
      'ownerUnreachable',
      gateway?.problem ?? 'The gateway is off. Restart Tokentray without --no-gateway.'
    )
  const made = await client.call('clients.bridgeKey', { server, run, pid: process.pid })
  return { url: `${gateway.address}/${made.server}`, key: new Secret(made.key), id: made.id }
}

/** Gives the key back; an owner that is gone has forgotten it anyway. */
async function letGo(world: World, { id }: Held): Promise<void> {
  const client = await connect(world.paths, world.clock).catch(() => null)
  await client?.call('clients.revoke', { client: id }).catch(() => {})
}

/** The lines of `input` by line feeds alone: JSON may hold what readline takes for the end of a line. */
export async function* linesOf(input: Readable): AsyncGenerator<string> {
  let parts: string[] = []
  input.setEncoding('utf8')
  for await (const chunk of input) {
    const lines = String(chunk).split('\n')
    for (const line of lines.slice(0, -1)) {
      yield parts.length === 0 ? line : parts.join('') + line
      parts = []
    }
    const rest = lines.at(-1)
    if (rest) parts.push(rest)
  }
  if (parts.length > 0) yield parts.join('')
}

/** `mcp SERVER [--verbose]`, read without commander; null: anything else, which the full parser judges. */
export function readMcpArguments(argv: readonly string[]): { server: string; options: McpOptions } | null {
  const [command, ...rest] = argv
  if (command !== 'mcp') return null
  const names = rest.filter((argument) => !argument.startsWith('-'))
  const flags = rest.filter((argument) => argument.startsWith('-'))
  if (names.length !== 1 || !names[0] || flags.some((flag) => flag !== '--verbose')) return null
  return { server: names[0], options: { verbose: flags.length > 0 } }
}
