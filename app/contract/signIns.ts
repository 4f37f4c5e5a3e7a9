// The commands on sign-ins: start one, continue it, wait for its end, cancel it.
// A sign-in runs in the core, so it goes on when the window or terminal that started it is closed.
import { z } from 'zod'
import { everyDoor, nothing, server } from './door.ts'
import { outcome } from './servers.ts'
import { wayOn } from './views.ts'

const signInStarted = z.object({ signIn: z.string(), ...wayOn }).strict()

export const signInCommands = {
  /**
   * Discovers, registers a client and opens the callback. `url`: for the caller to open in a browser; null: none is
   * needed.
   */
  'signIn.start': {
    doors: everyDoor,
    /**
     * `addScope`: scopes that a 403 said are missing, asked for in addition, now and at later sign-ins.
     * `device`: by device code (RFC 8628) always, or where the server offers it; absent: only where there is no other way.
     */
    input: server.extend({
      addScope: z.string().max(10_000).optional(),
      device: z.enum(['always', 'offered']).optional()
    }),
    output: signInStarted
  },
  /** Waits until a sign-in that is queued behind another one can go on, then answers as signIn.start does. */
  'signIn.ready': { doors: everyDoor, input: z.object({ signIn: z.string() }).strict(), output: signInStarted },
  /** Answers when the sign-in succeeded, and fails with its error when it did not. */
  'signIn.wait': { doors: everyDoor, input: z.object({ signIn: z.string() }).strict(), output: outcome },
  /** Takes the redirect address that a person pasted because their browser could not reach the callback. */
  'signIn.paste': {
    doors: everyDoor,
    input: z.object({ signIn: z.string(), url: z.string().max(65_536) }).strict(),
    output: outcome
  },
  /**
   * Registers a new client because the sign-in page does not know the old one (`keptClient`); goes on at another `url`.
   */
  'signIn.replaceClient': {
    doors: everyDoor,
    input: z.object({ signIn: z.string() }).strict(),
    output: signInStarted
  },
  /**
   * Answers with the next sentence after the first `seen` ones on responses that arrived and were not acted on; `notice` null: the
   * sign-in has ended.
   */
  'signIn.notice': {
    doors: everyDoor,
    input: z.object({ signIn: z.string(), seen: z.number().int().nonnegative() }).strict(),
    output: z.object({ notice: z.string().nullable(), seen: z.number().int() }).strict()
  },
  'signIn.cancel': { doors: everyDoor, input: z.object({ signIn: z.string() }).strict(), output: nothing }
} as const
