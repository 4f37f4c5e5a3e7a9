// Questions to a person on the terminal, asked on stderr so that stdout stays the result.
// A hidden answer goes through readline with its echo thrown away, so editing keys work and nothing is shown.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { unlessAborted } from '../base/abort.ts'
import { Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { isInteractive, printNote } from './output.ts'
import { Interrupted, type World } from './world.ts'

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

function readAnswer(world: World, question: string, echo: boolean): Promise<string> {
  world.stderr.write(question)
  const lines = createInterface({
    input: world.stdin,
    output: echo ? world.stderr : nowhere(),
    terminal: world.stdin.isTTY === true
  })
  const answer = new Promise<string>((resolve, reject) => {
    // readline holds the terminal in raw mode, where Ctrl-C is a key and no signal.
    lines.once('SIGINT', () => reject(new Interrupted(130)))
    lines.once('line', resolve)
    lines.once('close', () => resolve(''))
  })
  return unlessAborted(world.signal, () => answer).finally(() => {
    lines.close()
    if (!echo) world.stderr.write('\n')
  })
}

/** The line a person typed; empty when the input ended. Rejects Interrupted. */
export function askLine(world: World, question: string): Promise<string> {
  return readAnswer(world, `${question} `, true)
}

/** The line a person typed unseen. Rejects Interrupted. */
export async function askHidden(world: World, question: string): Promise<Secret> {
  return new Secret(await readAnswer(world, `${question} `, false))
}

/** What would be done waits for a yes, and nobody can be asked. */
export const unconfirmed = () =>
  new TokentrayError('confirmationNeeded', 'This requires confirmation. Run it in a terminal, or add --yes.')

/** True once the person typed `word`, or with --yes. Rejects `confirmationNeeded` where nobody can be asked. */
export async function confirm(
  world: World,
  options: { yes?: boolean },
  word: string,
  warning: string
): Promise<boolean> {
  if (options.yes) return true
  if (!isInteractive(world)) throw unconfirmed()
  printNote(world, warning)
  if ((await askLine(world, `Type ${word} to continue:`)).trim() === word) return true
  printNote(world, 'Nothing was changed.')
  return false
}
