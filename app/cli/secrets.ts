// Reads a secret that a person gives to a command: from a file, from stdin, or typed without echo on a terminal.
// Never from an argument, which every process can see; what cannot be a secret is refused before it reaches the owner.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { readRegularFile } from '../base/regularFile.ts'
import { expose } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { sayProblem } from '../health/problems.ts'
import type { World } from './world.ts'

/** In characters. */
const maxSecretLength = 65_536
/** The secret in `file`; `-` is stdin, asked for unseen on a terminal. Rejects `inputInvalid`. */
export async function readSecret(world: World, file: string, what: string): Promise<string> {
  const from = file === '-' ? 'stdin' : file
  const secret = (await readText(world, file, what)).trim()
  if (secret === '') throw new TokentrayError('inputInvalid', `There is no ${what} in ${from}, because it is empty.`)
  if (secret.length > maxSecretLength || /\s/.test(secret))
    throw new TokentrayError(
      'inputInvalid',
      `The content of ${from} is not a valid ${what}. It must be a single word of at most 64 KiB.`
    )
  return secret
}

/** The same for what may have several lines, such as a private key; whether it is one is the core's to say. */
export async function readText(world: World, file: string, what: string): Promise<string> {
  const from = file === '-' ? 'stdin' : file
  let text: string
  if (file === '-') text = await readStdin(world, what)
  else {
    try {
      text = await readFile(file)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new TokentrayError('inputInvalid', `The ${what} could not be read from ${from}: ${sayProblem(code)}.`, {
        cause: error
      })
    }
  }
  return text
}

/** A vault passphrase: asked for unseen on a terminal, else the first line of stdin. Rejects `inputInvalid`. */
export async function readPassphrase(world: World): Promise<string> {
  const [passphrase = ''] = (await readStdin(world, 'vault passphrase')).split(/\r?\n/, 1)
  if (passphrase) return passphrase
  throw new TokentrayError('inputInvalid', 'A passphrase is required. Type it in the terminal, or pass it on stdin.')
}

/**
 * Also of a pipe, such as `<(op read …)` or /dev/stdin, whose writer has it open already. One without a writer is empty: it would
 * be waited for in vain.
 */
async function readFile(file: string): Promise<string> {
  const opened = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  if (fstatSync(opened).isFIFO()) return readPipe(opened)
  closeSync(opened)
  return String(await readRegularFile(file))
}

/** `pipe` is closed once it was read. */
async function readPipe(pipe: number): Promise<string> {
  const first = readNow(pipe)
  const rest = new Socket({ fd: pipe, readable: true, writable: false })
  if (first !== '') return (first ?? '') + (await readAll(rest))
  rest.destroy()
  return ''
}

/** What is in the pipe; null: nothing yet; '': its writer has ended, or there never was one. */
function readNow(pipe: number): string | null {
  const buffer = Buffer.alloc(maxSecretLength)
  try {
    return buffer.toString('utf8', 0, readSync(pipe, buffer))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null
    throw error
  }
}

async function readStdin(world: World, what: string): Promise<string> {
  if (world.stdin.isTTY) {
    const { askHidden } = await import('./prompt.ts')
    return expose(await askHidden(world, `${what[0]!.toUpperCase()}${what.slice(1)}:`))
  }
  return readAll(world.stdin)
}

async function readAll(source: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of source) {
    text += String(chunk)
    if (text.length > 2 * maxSecretLength) break
  }
  return text
}
