// `tokentray refresh`: gets a new token now, instead of when it is due.
// Where the server's settings stand in the way, the settings that would help are offered first.
import type { TokentrayError } from '../../contract/errors.ts'
import { endingOf } from '../../contract/renewal.ts'
import { withOwner } from '../../owner/withOwner.ts'
import { withAdvice } from '../advice.ts'
import { printView } from '../printView.ts'
import { offerProposals } from '../propose.ts'
import { formatDistance, formatTime } from '../times.ts'
import { isNamed } from '../words.ts'
import type { World } from '../world.ts'

/** Rejects with what the refresh failed with, `serverUnknown`, `ownerUnreachable`. */
export async function refresh(world: World, server: string, options: { json?: boolean }): Promise<void> {
  const outcome = await withOwner(world, async (owner) => {
    const ask = () => owner.call('server.refresh', { server })
    try {
      return await ask()
    } catch (error) {
      // No owner refused anything here: it went away before it answered.
      if ((error as TokentrayError).code === 'ownerUnreachable') throw error
      const refused = (await owner.call('snapshot', {})).servers.find((each) => isNamed(each, server))
      const endsAt = refused && endingOf(refused)?.at
      if (endsAt) {
        const end = `${formatTime(endsAt)} (${formatDistance(endsAt, world.clock.now())})`
        throw withAdvice(error as TokentrayError, `The current token works until ${end}.`)
      }
      if (refused?.action !== 'fixSettings' || !(await offerProposals(world, owner, refused))) throw error
      return ask()
    }
  })
  printView(world, outcome, options)
}
