// `tokentray login --all`: signs in to each server that needs it, one browser page at a time.
// One that fails or is skipped does not stop the others; whatever needs no sign-in opens no page.
import { asTokentrayError, exitCodes, TokentrayError } from '../../contract/errors.ts'
import { needsSignIn } from '../../health/outlook.ts'
import { type Owner, openSnapshot, withOwner } from '../../owner/withOwner.ts'
import { adviceOf } from '../advice.ts'
import { print, printJson, printNote } from '../output.ts'
import { describeLine, nextStep, sayFailedSignIn } from '../words.ts'
import { Interrupted, type World } from '../world.ts'
import { type LoginOptions, signIn } from './login.ts'

type Tried = { id: string; ok: boolean; error: { code: string; message: string } | null }

/** Resolves with 0 where no server needs a person afterwards, else with 3. Rejects Interrupted, and where the vault does not open. */
export async function loginAll(
  world: World,
  server: string | undefined,
  { json, device, ...others }: LoginOptions & { json?: boolean }
): Promise<number> {
  if (server !== undefined || Object.keys(others).length > 0)
    throw new TokentrayError('inputInvalid', 'Use --all alone, or with --device. Everything else is for one server.')
  return withOwner(world, async (owner) => {
    const tried = await signInToEach(world, owner, device ?? false, json ? printNote : print)
    const { servers } = await openSnapshot(owner)
    const left = servers.filter(
      (view) => !view.paused && (view.action !== null || needsSignIn(view, world.clock.now()))
    )
    if (json) printJson(world, { servers: tried })
    else if (tried.length === 0 && left.length === 0) printNote(world, 'No server needs a sign-in.')
    else
      for (const view of left)
        printNote(
          world,
          `${view.id}: ${view.words}.${sayFailedSignIn(view)} Run ${nextStep(view) ?? `tokentray login ${view.id}`}.`
        )
    return left.length > 0 || tried.some(({ ok }) => !ok) ? exitCodes.signInNeeded : 0
  })
}

/** Looks again before each: another door, or the sign-in before, may have done it. */
async function signInToEach(world: World, owner: Owner, device: boolean, tell: typeof print): Promise<Tried[]> {
  const tried = new Map<string, Tried>()
  for (;;) {
    const { servers } = await openSnapshot(owner)
    const [next, ...rest] = servers.filter((view) => needsSignIn(view, world.clock.now()) && !tried.has(view.id))
    if (!next) return [...tried.values()]
    const { id } = next
    const left = rest.length === 0 ? 'none left after it' : `${rest.length} left after it`
    printNote(world, `Signing in to ${id}, ${left}.`)
    try {
      tell(world, describeLine(await signIn(world, owner, id, { device, canSkip: true }), world.clock.now()))
      tried.set(id, { id, ok: true, error: null })
    } catch (error) {
      if (error instanceof Interrupted) throw error
      const { code, message } = asTokentrayError(error)
      for (const line of [`tokentray: ${id}: ${message}`, ...adviceOf(error)]) printNote(world, line)
      tried.set(id, { id, ok: false, error: { code, message } })
    }
  }
}
