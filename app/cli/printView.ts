// How a command that changed one server ends: with the server's new state, as JSON or as one line for a person.
// One place, so that scripts find the same shape after each of them.
import type { ServerView } from '../contract/views.ts'
import { print, printJson } from './output.ts'
import { describeLine } from './words.ts'
import type { World } from './world.ts'

/** Prints `outcome` whole with --json, else the line of its view. */
export function printView(world: World, outcome: { view: ServerView }, options: { json?: boolean }): void {
  if (options.json) printJson(world, outcome)
  else print(world, describeLine(outcome.view, world.clock.now()))
}
