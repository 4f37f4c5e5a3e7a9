// The commands on the owner, the one process that holds the vault: its snapshot, reports, metrics, sleep and end.
// They all work while the vault is closed; core/core.ts serves them even if it never opens.
import { z } from 'zod'
import { cliOnly, type Door, everyDoor, nothing } from './door.ts'
import { snapshot } from './views.ts'

export const ownerCommands = {
  snapshot: { doors: everyDoor, input: nothing, output: snapshot },
  /** A report to send to somebody who helps: versions, states, hosts, last events; no secret, no query string. */
  diagnostics: { doors: everyDoor, input: nothing, output: z.object({ text: z.string() }).strict() },
  metrics: { doors: cliOnly, input: nothing, output: z.object({ text: z.string() }).strict() },
  /** A one-time link into the dashboard. `file`: inside a private page that opens it; `text`: bare, for a terminal. */
  'dashboard.link': {
    doors: cliOnly,
    input: z
      .object({
        as: z.enum(['file', 'text']),
        /** `address`: to 127.0.0.1, where browsers here would ask another computer for the dashboard's own name. */
        to: z.enum(['name', 'address']).default('name')
      })
      .strict(),
    output: z
      .object({
        /** Where the dashboard is, without the secret. */
        address: z.string(),
        file: z.string().nullable(),
        link: z.string().nullable(),
        expiresAt: z.number().int()
      })
      .strict()
  },
  /** The network is back or the machine woke up: what waits for its next attempt is tried now. */
  poke: { doors: everyDoor, input: nothing, output: nothing },
  /** The machine is about to sleep: nothing new is started until it wakes, or until time is seen to pass. */
  power: {
    doors: ['cli', 'window'] as readonly Door[],
    input: z.object({ state: z.enum(['suspend', 'resume']) }).strict(),
    output: nothing
  },
  /** Asks an owner that lives for one command to finish what is in flight and end; a lasting owner refuses. */
  'owner.handOver': { doors: cliOnly, input: nothing, output: nothing },
  'owner.quit': { doors: cliOnly, input: nothing, output: nothing }
} as const
