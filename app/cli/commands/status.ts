// `tokentray status`: the health of all servers or of one, once or for as long as it is watched.
// What is watched comes from the owner's stream of snapshots, and a watching process never becomes the owner itself.
import { sleep } from '../../base/clock.ts'
import type { Snapshot } from '../../contract/views.ts'
import { openSnapshot, watchSnapshots, withOwner } from '../../owner/withOwner.ts'
import { clean, print, printJson, printNote, printRaw } from '../output.ts'
import { redraw } from '../screen.ts'
import { describeCard, describeLine, findServer, lockedNote, notKeptNote, sayHold } from '../words.ts'
import type { World } from '../world.ts'
import { showTable, tableOf } from './list.ts'

export type StatusOptions = { json?: boolean; watch?: boolean }

export async function status(world: World, server: string | undefined, options: StatusOptions): Promise<void> {
  if (options.watch) return watchStatus(world, server, options)
  await withOwner(world, async (owner) => {
    const snapshot = await openSnapshot(owner)
    const view = server === undefined ? null : findServer(snapshot, server)
    if (options.json) return printJson(world, view ? { view } : snapshot)
    if (snapshot.owner.kind === 'command' && snapshot.servers.length > 0) printNote(world, notKeptNote)
    if (snapshot.clients.locked) printNote(world, lockedNote)
    if (snapshot.refreshHold) printNote(world, sayHold(snapshot.refreshHold))
    if (view) return print(world, describeCard(view, world.clock.now()).join('\n'))
    if (snapshot.servers.length === 0)
      return printNote(world, 'There are no servers yet. Add one with tokentray add <url>.')
    await showTable(world, snapshot)
  })
}

async function watchStatus(world: World, server: string | undefined, options: StatusOptions): Promise<void> {
  let newest: Snapshot | null = null
  /** Why there is nothing new; empty while there is an owner to hear it from. */
  let gone = ''
  const redrawScreen = async (): Promise<void> => {
    if (!newest && !gone) return
    const text = !newest
      ? ''
      : server === undefined
        ? await tableOf(world, newest)
        : clean(describeCard(findServer(newest, server), world.clock.now()).join('\n'))
    printRaw(world, redraw([gone, text].filter(Boolean).join('\n'), world.stdout))
  }
  const live = world.stdout.isTTY === true && !options.json
  const stopTicking = new AbortController()
  const ticking = live
    ? redrawEachSecond(world, AbortSignal.any([world.signal, stopTicking.signal]), redrawScreen)
    : Promise.resolve()
  try {
    let last = ''
    for await (const snapshot of watchSnapshots(world)) {
      gone = snapshot ? '' : `Tokentray ${newest ? 'stopped' : 'is not running'}; waiting for it.`
      if (!snapshot) {
        if (live) await redrawScreen()
        else printNote(world, gone)
        continue
      }
      newest = snapshot
      const shown = server === undefined ? snapshot.servers : [findServer(snapshot, server)]
      if (options.json) printJson(world, server === undefined ? snapshot : { view: shown[0] })
      else if (live) await redrawScreen()
      else {
        // Plain lines, for a pipe or a file: only what changed in words.
        const lines = shown.map((view) => describeLine({ ...view, expiresAt: null }, snapshot.at)).join('\n')
        if (lines !== last) print(world, lines)
        last = lines
      }
    }
  } finally {
    stopTicking.abort()
    await ticking
  }
}

async function redrawEachSecond(world: World, signal: AbortSignal, redrawScreen: () => Promise<void>): Promise<void> {
  try {
    for (;;) {
      await sleep(world.clock, 1000, signal)
      await redrawScreen()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
