// `tokentray run`: runs a command with a server's token in one variable of its environment, and nowhere else.
// The command uses this terminal, and its exit code becomes that of `tokentray run`.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { onAbort } from '../../base/abort.ts'
import { childEnvironment } from '../../base/childEnvironment.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { sayProblem } from '../../health/problems.ts'
import { Interrupted, type World } from '../world.ts'
import { obtain } from './token.ts'

export type RunOptions = { env: string }

/**
 * Resolves with the command's exit code, 128 and the signal's number where one ended it.
 * Rejects `inputInvalid` where it cannot be started, and as `tokentray token` does; nothing is started then.
 */
export async function runWithToken(
  world: World,
  server: string,
  [program = '', ...rest]: readonly string[],
  { env: name }: RunOptions
): Promise<number> {
  if (!/^[A-Za-z_]\w*$/.test(name))
    throw new TokentrayError('inputInvalid', `"${name}" is not a valid name for an environment variable.`)
  const { token } = await obtain(world, { server, minValid: 60_000 })
  if (world.signal.aborted) throw world.signal.reason
  const child = spawn(program, rest, { stdio: 'inherit', env: { ...childEnvironment(world.env), [name]: token } })
  const stop = () => {
    const { reason } = world.signal
    const isCtrlC = reason instanceof Interrupted && reason.exitCode === 130
    // A terminal sends Ctrl-C to the child as well, and many programs take a second one for impatience.
    if (!isCtrlC || !world.stdin.isTTY) child.kill(isCtrlC ? 'SIGINT' : 'SIGTERM')
  }
  const stopListening = onAbort(world.signal, stop)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', ({ code }: NodeJS.ErrnoException) =>
        reject(new TokentrayError('inputInvalid', `"${program}" could not be started: ${sayProblem(code)}.`))
      )
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
  } finally {
    stopListening()
  }
}
