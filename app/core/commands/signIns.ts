// Handlers of the commands that begin a sign-in, help it along, wait for its end and cancel it.
// The sign-ins themselves are in servers/signIns.ts and go on when the caller is gone.
import { TokentrayError } from '../../contract/errors.ts'
import type { signInCommands } from '../../contract/signIns.ts'
import type { Keeper } from '../../keeper/keeper.ts'
import { passedThrough, remedies } from '../../keeper/readToken.ts'
import type { OAuth } from '../../oauth/port.ts'
import type { SignIns } from '../../servers/signIns.ts'
import { addScope } from '../../servers/stepUp.ts'
import type { Vault } from '../../vault/vault.ts'
import { findServer } from './findServer.ts'
import type { HandlersOf } from './handlers.ts'

export function createSignInHandlers(o: {
  keeper: Keeper
  signIns: SignIns
  vault: Vault
  oauth: OAuth
}): HandlersOf<keyof typeof signInCommands> {
  const { keeper, signIns } = o
  const viewed = (id: string) => ({ view: keeper.roster.view(id) })
  return {
    'signIn.start': async (input) => {
      const server = findServer(keeper, input.server)
      const { grantKind, mode } = keeper.roster.config(server)
      // Refused before anything begins: it is no failed sign-in for the history.
      if (grantKind === 'staticToken' || grantKind === 'refreshToken')
        throw new TokentrayError('signInFailed', `${server} does not use sign-in. ${remedies[grantKind](server)}`)
      if (mode === 'passThrough') throw new TokentrayError('signInFailed', passedThrough(server))
      if (input.addScope !== undefined) await addScope(o, server, input.addScope)
      const { id, ...started } = await signIns.start(server, input.device)
      return { signIn: id, ...started }
    },
    'signIn.ready': async (input) => {
      const { id, ...started } = await signIns.ready(input.signIn)
      return { signIn: id, ...started }
    },
    'signIn.replaceClient': async (input) => {
      const { id, ...started } = await signIns.replaceClient(input.signIn)
      return { signIn: id, ...started }
    },
    'signIn.wait': async (input) => viewed(await signIns.wait(input.signIn)),
    'signIn.paste': async (input) => viewed(await signIns.paste(input.signIn, input.url)),
    'signIn.notice': (input) => signIns.notice(input.signIn, input.seen),
    'signIn.cancel': async (input) => {
      signIns.cancel(input.signIn)
      return {}
    }
  }
}
