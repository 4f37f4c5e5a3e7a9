// The sign-in's part of the contract: begun, helped along, waited for, cancelled; from any door.
// A sign-in goes on in the core whether or not the door that began it stays.
import { z } from 'zod'
import { everyDoor, nothing, server } from './door.ts'
import { outcome } from './servers.ts'
import { wayOn } from './views.ts'

const signInStarted = z.object({ signIn: z.string(), ...wayOn }).strict()

export const signInCommands = {
  /** Discovers, registers and opens the callback; `url` is for a browser, which the calling door opens; null: none is needed. */
  'signIn.start': {
    doors: everyDoor,
    /**
     * `addScope`: what a 403 said is missing; asked for besides what was granted, now and at later sign-ins.
     * `device`: by device code (RFC 8628) always, or where the server offers it; absent: only where there is no other way.
     */
    input: server.extend({
      addScope: z.string().max(10_000).optional(),
      device: z.enum(['always', 'offered']).optional()
    }),
    output: signInStarted
  },
  /** Answers when a sign-in that waits for another one can be sent off, as signIn.start does for the others. */
  'signIn.ready': { doors: everyDoor, input: z.object({ signIn: z.string() }).strict(), output: signInStarted },
  /** Answers when the sign-in ended, well or badly. */
  'signIn.wait': { doors: everyDoor, input: z.object({ signIn: z.string() }).strict(), output: outcome },
  'signIn.paste': {
    doors: everyDoor,
    input: z.object({ signIn: z.string(), url: z.string().max(65_536) }).strict(),
    output: outcome
  },
  /** Registers a client anew in place of one the page does not know (`keptClient`), and goes on at another address. */
  'signIn.replaceClient': {
    doors: everyDoor,
    input: z.object({ signIn: z.string() }).strict(),
    output: signInStarted
  },
  'signIn.cancel': { doors: everyDoor, input: z.object({ signIn: z.string() }).strict(), output: nothing }
} as const
