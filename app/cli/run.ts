// One command line from start to exit code. Whatever goes wrong ends as one sentence on stderr and a documented code.
// `--json` adds {"error":{"code","message"}} on stdout, so that a script reads one stream in every case.
import type { Command } from 'commander'
import { type ErrorCode, exitCodes, TokentrayError } from '../contract/errors.ts'
import { adviceOf } from './advice.ts'
import { readTokenArguments, token } from './commands/token.ts'
import { printJson, printNote } from './output.ts'
import { refuseSecretArguments } from './secretArguments.ts'
import { Interrupted, type World } from './world.ts'

/** Runs `argv` (without node and script) and resolves with the exit code; never rejects. */
export async function run(argv: readonly string[], world: World): Promise<number> {
  try {
    refuseSecretArguments(argv)
    const plain = readTokenArguments(argv)
    if (plain) {
      await token(world, plain.server, plain.options)
      return 0
    }
    if (argv[0] === 'mcp') {
      const { mcp, readMcpArguments } = await import('./commands/mcp.ts')
      const bridge = readMcpArguments(argv)
      if (bridge) return await mcp(world, bridge.server, bridge.options)
    }
    if (argv[0] === 'complete') {
      const { complete, readCompleteArguments } = await import('./commands/complete.ts')
      const kind = readCompleteArguments(argv)
      if (kind) return await complete(world, kind)
    }
    return await runProgram(argv, world)
  } catch (error) {
    return report(world, error, argv.includes('--json'))
  }
}

async function runProgram(argv: readonly string[], world: World): Promise<number> {
  const { createProgram, findCommand } = await import('./program/program.ts')
  let exitCode = 0
  const program = await createProgram(world, (code) => {
    exitCode = code
  })
  const command = findCommand(program, argv)
  // No command yet, only a group of them: help is the answer and no error, as with gh and docker. The same where no shell is named.
  const needsHelp = command.commands.length > 0 || command.name() === 'completion'
  if (argv.length <= 1 && needsHelp && command.name() === (argv[0] ?? program.name())) {
    command.outputHelp()
    return 0
  }
  if (command.name() === 'run') refuseUnmarkedOptions(argv)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    throw asUsage(error, command)
  }
}

/** What the core's sentence, which pages show too, means on the command line. */
const hints: Partial<Record<ErrorCode, string>> = {
  nameReserved: 'Choose another name with --name, or only another ID with --id.'
}

function report(world: World, error: unknown, json: boolean): number {
  if (error instanceof Interrupted) return error.exitCode
  const known: { code: ErrorCode; message: string } =
    error instanceof TokentrayError
      ? error
      : { code: 'unexpected', message: 'Something went wrong. Set TOKENTRAY_DEBUG=1 for details.' }
  printNote(world, `tokentray: ${known.message.replaceAll('\n', ' ')}`)
  const hint = hints[known.code]
  for (const sentence of [...(hint ? [hint] : []), ...adviceOf(error)]) printNote(world, sentence)
  if (world.env.TOKENTRAY_DEBUG) printNote(world, trace(error))
  if (json) printJson(world, { error: { code: known.code, message: known.message } })
  return exitCodes[known.code]
}

const markOptions = 'Put -- before a command that has options: tokentray run SERVER -- COMMAND --its-option.'

/** Of `run SERVER COMMAND --option`: whether the option is meant for the command or for `run`, nobody can tell. */
function refuseUnmarkedOptions(argv: readonly string[]): void {
  let names = 0
  for (let at = 1; at < argv.length; at++) {
    const argument = argv[at]!
    if (argument === '--') return
    if (argument === '--env' && names < 2) at++
    else if (!argument.startsWith('-')) names++
    else if (names >= 2) {
      const [option] = argument.split('=')
      throw new TokentrayError('inputInvalid', `"${option}" stands behind a command. ${markOptions}`)
    }
  }
}

/** Help or the version was printed, which commander ends by throwing. */
const printed = new Interrupted(0)

/** What commander says, as our own error; any other error as it is. `command`: the one that was called. */
function asUsage(error: unknown, command: Command): unknown {
  const { code, message, exitCode } = error as { code?: unknown; message: string; exitCode?: number }
  if (typeof code !== 'string' || !code.startsWith('commander.')) return error
  if (exitCode === 0) return printed
  if (code === 'commander.help')
    return new TokentrayError('inputInvalid', 'There is no such command. Run tokentray --help to see all commands.')
  // A value glued to an unknown option may be a secret: only the option's name is repeated.
  const sentence = message
    .replace(/^error: /, '')
    .replace(/(unknown option '[^'=]*)=.*'/s, "$1'")
    .replaceAll(/\s*\n\s*/g, ' ')
  const said = `${sentence[0]?.toUpperCase()}${sentence.slice(1)}`
  const advice = adviceOn(code, command)
  const end = advice === '' || /[.!?)]$/.test(said) ? '' : '.'
  return new TokentrayError('inputInvalid', `${said}${end} ${advice}`.trim())
}

function adviceOn(code: string, command: Command): string {
  if (code === 'commander.missingArgument') return `Usage: ${command.createHelp().commandUsage(command)}`
  if (code === 'commander.unknownOption' && command.name() === 'run') return markOptions
  return 'Run with --help for usage.'
}

function trace(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause ? `\ncaused by ${trace(error.cause)}` : ''
  return `${error.stack ?? error.message}${cause}`
}
