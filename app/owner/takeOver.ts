// Takes the vault over for `serve` or the desktop application: a command that owns it for a moment is asked to hand over.
// Refused beside another lasting owner, as two would both refresh the same tokens and end each other's grants.
import { sleep } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { connect } from './client.ts'
import type { Hosting } from './hosting.ts'
import type { Ownership } from './lock.ts'
import { claimAsked, maxOwnerWaitMs, ownerUnreachable, retryMs } from './withOwner.ts'

/** A command that hands over first finishes what it has in flight. */
export const maxHandOverMs = 60_000
/** A person in a browser is waited for a little longer than a sign-in may take. */
const maxSignInMs = 630_000

/**
 * The ownership, as soon as no command has it any more and a passphrase that must be asked for was asked for. `isEphemeral`:
 * the vault is not opened, so nothing is asked. Rejects `ownerElsewhere` beside another lasting owner,
 * `ownerUnreachable` where the present owner does not let go in time.
 */
export async function takeOver(hosting: Hosting, { isEphemeral = false } = {}): Promise<Ownership> {
  const { paths, clock, signal } = hosting
  let deadline = clock.now() + maxOwnerWaitMs
  let isAsked = false
  let isTold = false
  for (;;) {
    const lock = await (isEphemeral ? hosting.claim(paths.ownerFolder) : claimAsked(hosting))
    if (lock === 'asked') deadline = clock.now() + maxOwnerWaitMs
    else if (lock) return lock
    const client = await connect(paths, clock)
    if (client?.kind === 'lasting')
      throw new TokentrayError(
        'ownerElsewhere',
        `Tokentray is already running with this vault (process ${client.pid}). To stop it, run tokentray stop.`
      )
    if (client) {
      // It may be gone already, or another command may have come after it: asked again each time round.
      const refusal = await client.call('owner.handOver', {}).then(
        () => null,
        (error: unknown) => (error instanceof TokentrayError && error.code === 'signInUnderWay' ? error : null)
      )
      if (refusal && !isTold) {
        hosting.notice(refusal.message)
        deadline = clock.now() + maxSignInMs
        isTold = true
      } else if (!refusal && !isAsked) {
        deadline = clock.now() + maxHandOverMs
        isAsked = true
      }
    }
    if (clock.now() >= deadline) throw ownerUnreachable(hosting)
    await sleep(clock, retryMs, signal)
  }
}
