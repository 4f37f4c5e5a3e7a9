// Which server a person means: every command that takes a server takes its id, or its name in any case.
// An unknown server is answered with the ids there are, so that the person can correct the command at once.
import { TokentrayError } from '../../contract/errors.ts'
import type { Keeper } from '../../keeper/keeper.ts'

/** @returns the server's id. @throws serverUnknown, also where several servers have this name */
export function findServer(keeper: Keeper, typed: string): string {
  if (keeper.roster.has(typed)) return typed
  const configs = keeper.roster.configs()
  const named = configs.filter(({ name }) => name.toLowerCase() === typed.toLowerCase())
  if (named.length === 1 && named[0]) return named[0].id
  const known = configs.map(({ id }) => id)
  throw new TokentrayError(
    'serverUnknown',
    known.length === 0
      ? `There is no server named "${typed}". Add one first.`
      : `There is no server named "${typed}". Known servers: ${known.join(', ')}.`
  )
}
