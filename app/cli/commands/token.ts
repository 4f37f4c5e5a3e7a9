// `tokentray token`: prints the access token alone on stdout, refreshed first where too little of its life is left.
// Scripts call it often, so nothing imported here loads zod or commander.
import type { Input, Output } from '../../contract/commands.ts'
import { parseDuration } from '../../contract/duration.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { withOwner } from '../../owner/withOwner.ts'
import { printJson, printNote, printRaw } from '../output.ts'
import type { World } from '../world.ts'

export type TokenOptions = { minValid?: string; json?: boolean; proof?: string; nonce?: string }

/** Exit 3, with the command to run, where a person is needed. */
export async function token(world: World, server: string, options: TokenOptions): Promise<void> {
  const minValid = parseDuration(options.minValid ?? '60s')
  const proof = readProof(options)
  const found = await obtain(world, { server, minValid, ...(proof && { proof }) })
  if (options.json) printJson(world, found)
  else printRaw(world, `${found.token}\n`)
}

/** The token; a warning about it is printed to stderr. Rejects `signInNeeded` with the command to run. */
export async function obtain(world: World, input: Input<'readToken'>): Promise<Output<'readToken'>> {
  const found = await withOwner(world, (owner) => owner.call('readToken', input)).catch((error) => {
    throw error instanceof TokentrayError && error.code === 'signInNeeded' ? withRemedy(error, input.server) : error
  })
  if (found.warning) printNote(world, `tokentray: ${found.warning}`)
  return found
}

/** `--proof "POST https://…"`, the request that a bound token is to be proved for. */
function readProof({ proof, nonce, json }: TokenOptions) {
  if (proof === undefined) return null
  const [, method, url] = /^([A-Za-z]+)\s+(https?:\S+)$/.exec(proof.trim()) ?? []
  if (!method || !url || !json)
    throw new TokentrayError('inputInvalid', 'Use --json --proof "POST https://…" with the exact URL of the request.')
  return { method: method.toUpperCase(), url, ...(nonce !== undefined && { nonce }) }
}

/** The error of a person who is needed, with the command to run where it names none. */
export function withRemedy(error: TokentrayError, server: string): TokentrayError {
  if (error.message.includes('tokentray ')) return error
  const words = /^[\w.-]+$/.test(server) ? server : `'${server}'`
  return new TokentrayError('signInNeeded', `${error.message.replace(/[.\s]*$/, '')}: run tokentray login ${words}.`, {
    cause: error
  })
}

/**
 * The plain forms of the command, `token SERVER [--min-valid D] [--json]`, read without commander.
 * null: anything else, which the full parser judges.
 */
export function readTokenArguments(argv: readonly string[]): { server: string; options: TokenOptions } | null {
  const [command, ...rest] = argv
  if (command !== 'token') return null
  const options: TokenOptions = {}
  let server: string | null = null
  for (let at = 0; at < rest.length; at++) {
    const argument = rest[at]!
    if (argument === '--json') options.json = true
    else if (argument.startsWith('--min-valid=')) options.minValid = argument.slice('--min-valid='.length)
    else if (argument === '--min-valid' && rest[at + 1] && !rest[at + 1]!.startsWith('-'))
      options.minValid = rest[++at]!
    else if (!argument.startsWith('-') && argument && server === null) server = argument
    else return null
  }
  return server === null ? null : { server, options }
}
