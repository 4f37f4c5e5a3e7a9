// The handler of `readToken`, the one command whose answer holds an access token.
// A token about to end is refreshed first; with a DPoP token comes the proof for one request (RFC 9449).
import type { Clock } from '../../base/clock.ts'
import type { tokenCommands } from '../../contract/tokens.ts'
import type { Keeper } from '../../keeper/keeper.ts'
import { readToken } from '../../keeper/readToken.ts'
import type { OAuth } from '../../oauth/port.ts'
import { findServer } from './findServer.ts'
import type { HandlersOf } from './handlers.ts'

export function createTokenHandlers(o: {
  keeper: Keeper
  oauth: OAuth
  clock: Clock
}): HandlersOf<keyof typeof tokenCommands> {
  const { keeper, oauth, clock } = o
  return {
    readToken: async (input) => {
      const { proof } = input
      const id = findServer(keeper, input.server)
      if (!proof) return readToken(keeper, clock, id, input.minValid)
      oauth.noteNonce(proof.url, proof.nonce)
      return readToken(keeper, clock, id, input.minValid, (token) => {
        const headers = new Map(oauth.credentials(token, proof.method, proof.url))
        return headers.get('dpop') ?? null
      })
    }
  }
}
