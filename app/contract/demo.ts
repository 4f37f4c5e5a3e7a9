// The commands that start and stop the demo: three servers to try Tokentray with, and an authorization server for them.
// The demo keeps nothing: its servers and their tokens are removed when it stops or its owner ends.
import { z } from 'zod'
import { everyDoor, nothing } from './door.ts'
import { serverId } from './serverConfig.ts'

export const demoCommands = {
  /** Starts three servers and their authorization server within the owner; if they run already, answers with those. */
  'demo.start': { doors: everyDoor, input: nothing, output: z.object({ servers: z.array(serverId) }).strict() },
  'demo.stop': { doors: everyDoor, input: nothing, output: nothing }
} as const
