// The one way in for every door: checks the door, parses the input, runs the handler, parses the answer.
// An answer that does not fit its schema never leaves: it could hold what the schema keeps out.
import type { Log } from '../base/log.ts'
import { type CommandName, commands, type Reply } from '../contract/commands.ts'
import type { Door, Withheld } from '../contract/door.ts'
import { asTokentrayError, TokentrayError } from '../contract/errors.ts'
import type { Handlers } from './commands/handlers.ts'

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name)
}

/** One sentence about the first thing wrong with an input; it names fields, never values. */
function describeIssues(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  const [issue] = issues
  return `${issue?.path.map(String).join('.') || 'The input'}: ${issue?.message ?? 'not valid'}.`
}

/** Whether the input has a field at this path; null would be a value, too. */
function isGiven(input: unknown, [first, ...rest]: string[]): boolean {
  if (first === undefined) return input !== undefined
  return typeof input === 'object' && input !== null && isGiven((input as Record<string, unknown>)[first], rest)
}

async function run(handlers: Handlers, door: Door, name: string, input: unknown, linkedAt?: number): Promise<unknown> {
  if (!isCommand(name)) throw new TokentrayError('commandUnknown', `There is no command "${name.slice(0, 60)}".`)
  const { doors, input: inputSchema, output: outputSchema } = commands[name]
  if (!doors.includes(door)) throw new TokentrayError('notAllowedHere', `"${name}" is not available from here.`)
  const parsed = inputSchema.safeParse(input)
  if (!parsed.success) throw new TokentrayError('inputInvalid', describeIssues(parsed.error.issues))
  const { withheld = {} } = commands[name] as { withheld?: Withheld }
  const kept = withheld[door]?.find((path) => isGiven(parsed.data, path.split('.')))
  if (kept)
    throw new TokentrayError(
      'notAllowedHere',
      `"${kept}" cannot be set from here. Pages must not run programs, and pages in a browser must not read files.`
    )
  const handler = handlers[name] as (input: unknown, linkedAt?: number) => Promise<unknown>
  return outputSchema.parse(await handler(parsed.data, linkedAt))
}

/** Never throws: unforeseen errors are logged, and answered with the code `unexpected`. */
export async function route(
  handlers: Handlers,
  log: Log,
  door: Door,
  name: string,
  input: unknown,
  linkedAt?: number
): Promise<Reply<unknown>> {
  try {
    return { ok: true, value: await run(handlers, door, name, input, linkedAt) }
  } catch (error) {
    const { code, message } = asTokentrayError(error)
    if (code === 'unexpected') log.error('a command ended unexpectedly', error, { command: name })
    return { ok: false, code, message }
  }
}
