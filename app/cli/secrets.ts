// Reads a secret that a person gives to a command: from a file, from stdin, or typed without echo on a terminal.
// Never from an argument, which every process can see; what cannot be a secret is refused before it reaches the owner.
import { readFile } from 'node:fs/promises'
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
      text = await readFile(file, 'utf8')
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

async function readStdin(world: World, what: string): Promise<string> {
  if (world.stdin.isTTY) {
    const { askHidden } = await import('./prompt.ts')
    return expose(await askHidden(world, `${what[0]!.toUpperCase()}${what.slice(1)}:`))
  }
  let text = ''
  for await (const chunk of world.stdin) {
    text += String(chunk)
    if (text.length > 2 * maxSecretLength) break
  }
  return text
}
