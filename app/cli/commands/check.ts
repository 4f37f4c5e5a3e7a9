// `tokentray check`: tells scripts by exit code, and people by one line per server, whether all is well and stays so.
// The rules are in health/outlook.ts; this gathers what they need from the owner, and with --servers asks the servers.
import pLimit from 'p-limit'
import { parseDuration } from '../../contract/duration.ts'
import { exitCodes, TokentrayError } from '../../contract/errors.ts'
import type { ServerView, Snapshot } from '../../contract/views.ts'
import { needsPerson, type Outlook, outlookOf, withVerdict } from '../../health/outlook.ts'
import { type Owner, openSnapshot, withOwner } from '../../owner/withOwner.ts'
import { print, printJson, printNote } from '../output.ts'
import { formatDistance, formatTime } from '../times.ts'
import { findServer, nextStep, notKeptNote, sayFailedSignIn } from '../words.ts'
import { Interrupted, type World } from '../world.ts'

export type CheckOptions = { for?: string; servers?: boolean; json?: boolean }

type Found = { view: ServerView; outlook: Outlook }

const maxAskedAtOnce = 8

/** Resolves with the exit code: 0, 3 where a person is needed by then, 6 where only something is wrong that may pass. */
export async function check(world: World, names: readonly string[], options: CheckOptions): Promise<number> {
  const forMs = options.for === undefined ? 0 : parseDuration(options.for)
  const { snapshot, found } = await withOwner(world, async (owner) => {
    const snapshot = await openSnapshot(owner)
    const views = names.length === 0 ? snapshot.servers : [...new Set(names.map((name) => findServer(snapshot, name)))]
    const limit = pLimit(maxAskedAtOnce)
    const look = (view: ServerView) => limit(() => lookAt(world, owner, snapshot, view, forMs, options))
    return { snapshot, found: await Promise.all(views.map(look)) }
  })
  const troubles = found.flatMap(({ outlook }) => outlook.trouble ?? [])
  if (options.json) {
    const servers = found.map(({ view, outlook }) => ({ id: view.id, ok: outlook.trouble === null, ...outlook }))
    printJson(world, { ok: troubles.length === 0, servers })
  } else {
    if (snapshot.owner.kind === 'command' && found.length > 0) printNote(world, notKeptNote)
    if (found.length === 0) printNote(world, 'There are no servers yet. Add one with tokentray add <url>.')
    for (const each of found) print(world, describe(each))
  }
  if (troubles.length === 0) return 0
  return troubles.some(needsPerson) ? exitCodes.signInNeeded : exitCodes.serverUnreachable
}

const mark = (isOk: boolean) => (isOk ? 'ok     ' : 'PROBLEM')

function describe({ view, outlook }: Found): string {
  const step =
    outlook.trouble === 'paused'
      ? `tokentray resume ${view.id}`
      : outlook.trouble && needsPerson(outlook.trouble)
        ? (nextStep(view) ?? nextStep({ ...view, action: 'signIn' }))
        : null
  const reason = outlook.trouble === null ? '' : sayFailedSignIn(view)
  const advice = step ? ` Run ${step}.` : ''
  return `${mark(outlook.trouble === null)}  ${view.id}: ${outlook.words.replace(/\.?$/, '.')}${reason}${advice}`
}

async function lookAt(
  world: World,
  owner: Owner,
  snapshot: Snapshot,
  view: ServerView,
  forMs: number,
  { servers: asksServer, json }: CheckOptions
): Promise<Found> {
  const now = world.clock.now()
  // What the server is asked takes its time: an outage that began meanwhile is not in the future.
  const time = (at: number) =>
    json ? new Date(at).toISOString() : `${formatTime(at)} (${formatDistance(at, world.clock.now())})`
  const circumstances = { now, until: now + forMs, isKept: snapshot.owner.kind === 'lasting', time }
  const judge = (isRefreshed: boolean) => outlookOf(view, { ...circumstances, isRefreshed })
  let outlook = judge(false)
  if (outlook.trouble === 'signInEnds' && (await isRefreshed(owner, view))) outlook = judge(true)
  // A pass-through server has no token of ours, and nobody else's is asked about.
  if (!asksServer || outlook.trouble !== null || view.obtainedAt === null) return { view, outlook }
  try {
    const asked = await owner.call('server.verify', { server: view.id, routine: true })
    const { missingScope } = asked
    const found: ServerView = missingScope ? { ...asked.view, action: 'grantMore', missingScope } : asked.view
    return { view: found, outlook: withVerdict(outlook, asked.view, asked.verdict, asked.sentence, time) }
  } catch (error) {
    if (error instanceof Interrupted || !(error instanceof TokentrayError)) throw error
    const trouble = exitCodes[error.code] === exitCodes.signInNeeded ? 'personNeeded' : 'serverDown'
    return { view, outlook: { ...outlook, trouble, words: error.message } }
  }
}

/** Whether a refresh has followed the newest sign-in. */
async function isRefreshed(owner: Owner, { id }: ServerView): Promise<boolean> {
  const { events } = await owner.call('server.history', { server: id, limit: 1000 })
  return events.find(({ kind }) => kind === 'refreshed' || kind === 'signedIn')?.kind === 'refreshed'
}
