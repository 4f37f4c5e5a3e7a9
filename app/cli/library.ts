// What `import … from 'tokentray'` gives to bots in Node: the token of a server, requested from the Tokentray that is running.
// A bot never opens the vault in its own process, so this file loads neither zod nor SQLite.
import { systemClock } from '../base/clock.ts'
import { locate } from '../base/paths.ts'
import { TokentrayError } from '../contract/errors.ts'
import { connect } from '../owner/client.ts'
import { withRemedy } from './commands/token.ts'

export { TokentrayError }

export type GetTokenOptions = {
  /** How long the token must live at least, in ms; it is refreshed first where less is left. 60,000 if absent. */
  minValid?: number
}

/**
 * The access token of `server` (its id or name), as `tokentray token` prints it. The string is a secret: keep it out of
 * logs and arguments, and ask again rather than storing it. A token bound to a key (DPoP) is of no use without the key.
 * Finds Tokentray as the command does (TOKENTRAY_HOME, TOKENTRAY_VAULT). Rejects `ownerUnreachable` where none runs,
 * `serverUnknown`, `signInNeeded`, `inputInvalid`, and what else the refresh may end with.
 */
export async function getToken(server: string, { minValid }: GetTokenOptions = {}): Promise<string> {
  const owner = await connect(locate(process.env, process.platform), systemClock())
  if (!owner)
    throw new TokentrayError(
      'ownerUnreachable',
      'Tokentray is not running for this user and vault. Start the Tokentray app or run "tokentray serve".'
    )
  const input = { server, ...(minValid !== undefined && { minValid }) }
  const found = await owner.call('readToken', input).catch((error) => {
    throw error instanceof TokentrayError && error.code === 'signInNeeded' ? withRemedy(error, server) : error
  })
  if (found.warning) process.emitWarning(found.warning, 'TokentrayWarning')
  return found.token
}
