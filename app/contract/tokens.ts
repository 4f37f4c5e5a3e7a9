// The command that hands out an access token, for `tokentray token`, `run` and `keys`.
// Only the command line may call it: no page and no window ever receives a token.
import { z } from 'zod'
import { cliOnly, server } from './door.ts'

export const tokenCommands = {
  /** The access token; refreshed first if it is valid for less than `minValid` ms. */
  readToken: {
    doors: cliOnly,
    input: server.extend({
      minValid: z.number().int().nonnegative().default(60_000),
      /** The request to make a DPoP proof for; `nonce`: the last one that its server sent. */
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
