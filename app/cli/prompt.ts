// Questions to a person on the terminal, asked on stderr so that stdout stays the result.
// A hidden answer goes through readline with its echo thrown away, so editing keys work and nothing is shown.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { unlessAborted } from '../base/abort.ts'
import { Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { Question } from '../owner/hosting.ts'
import { clean, isInteractive, printNote } from './output.ts'
import { Interrupted, type World } from './world.ts'

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

type Read = (words: string) => Promise<string>

/** Has `talk` read lines that a person types. The terminal shows them only with `echo`, also between two questions. */
function readLines<T>(world: World, echo: boolean, talk: (read: Read) => Promise<T>): Promise<T> {
  const lines = createInterface({
    input: world.stdin,
    output: echo ? world.stderr : nowhere(),
    terminal: world.stdin.isTTY === true
  })
  const typed: string[] = []
  let isOver = false
  let wake = () => {}
  const interrupted = new Promise<never>((_resolve, reject) => {
    // readline holds the terminal in raw mode, where Ctrl-C is a key and no signal.
    lines.once('SIGINT', () => reject(new Interrupted(130)))
  })
  lines.on('line', (line) => {
    typed.push(line)
    wake()
  })
  lines.once('close', () => {
    isOver = true
    wake()
  })
  const read: Read = async (words) => {
    // A folder's name, a server's: what others chose must not command the terminal.
    world.stderr.write(`${clean(words).replaceAll('\n', ' ')} `)
    while (typed.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve))
    if (!echo) world.stderr.write('\n')
    return typed.shift() ?? ''
  }
  return unlessAborted(world.signal, () => Promise.race([talk(read), interrupted])).finally(() => lines.close())
}

/** The line a person typed; empty when the input ended. Rejects Interrupted. */
export function askLine(world: World, question: string): Promise<string> {
  return readLines(world, true, (read) => read(question))
}

/** Has `talk` ask for lines that a person types unseen. Rejects Interrupted, and as `talk` does. */
export function talkHidden<T>(world: World, talk: (question: Question) => Promise<T>): Promise<T> {
  return readLines(world, false, (read) =>
    talk(async (words) => {
      const answer = await read(words)
      return answer === '' ? null : new Secret(answer)
    })
  )
}

/** The line a person typed unseen. Rejects Interrupted. */
export async function askHidden(world: World, question: string): Promise<Secret> {
  return (await talkHidden(world, (ask) => ask(question))) ?? new Secret('')
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
