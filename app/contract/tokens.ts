// The command that hands out an access token, for `tokentray token`, `run` and `keys`.
// Only the command line may call it: no page and no window ever receives a token.
import { z } from 'zod'
import { cliOnly, server } from './door.ts'

export const tokenCommands = {
  /** Hands out a secret, as `clients.addKey` does its own key. `minValid` in ms; waits for a refresh where one is needed. */
  readToken: {
    doors: cliOnly,
    input: server.extend({
      minValid: z.number().int().nonnegative().default(60_000),
      /** Asks for a proof for one request with the token; `nonce`: what the server gave last. */
      proof: z.object({ method: z.string(), url: z.url(), nonce: z.string().optional() }).strict().optional()
    }),
    output: z
      .object({
        token: z.string(),
        tokenType: z.string(),
        expiresAt: z.number().int().nullable(),
        warning: z.string().nullable(),
        /** The `DPoP` header of that request (RFC 9449); null: this token is bound to no key. */
        proof: z.string().nullable().optional()
      })
      .strict()
  }
} as const
