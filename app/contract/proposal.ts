// Quirks and proposals as they cross a border: zod schemas. What each quirk means is in quirks.ts.
// A proposal is what `server.set` would be given once a person says yes, with the reason and what is given up.
import { z } from 'zod'

export const quirks = z
  .object({
    omitResource: z.boolean(),
    allowMissingPkceMetadata: z.boolean(),
    acceptIssuerSlash: z.boolean(),
    allowPrivateAddresses: z.boolean()
  })
  .partial()
  .strict()

export type Quirks = z.infer<typeof quirks>

const reason = z.string().max(500)
/** Why each quirk was set. */
export const quirkReasons = z
  .object({
    omitResource: reason,
    allowMissingPkceMetadata: reason,
    acceptIssuerSlash: reason,
    allowPrivateAddresses: reason
  } satisfies Record<keyof Quirks, z.ZodString>)
  .partial()
  .strict()

export type QuirkReasons = z.infer<typeof quirkReasons>

/** `verified`: tried; `cited`: read at the source; `unverified`: heard of; `seen`: met at this very server. */
export const trust = z.enum(['verified', 'cited', 'unverified', 'seen'])

/** What `server.set` would be given, once a person says yes, and why. */
export const proposal = z
  .object({
    change: z
      .object({
        quirks: quirks.optional(),
        redirectHost: z.enum(['127.0.0.1', 'localhost']).optional(),
        /** Added to the parameters that are set already. */
        params: z.record(z.string(), z.string()).optional()
      })
      .strict(),
    reason: z.string(),
    givesUp: z.string(),
    trust,
    source: z.string().nullable()
  })
  .strict()

export type Proposal = z.infer<typeof proposal>
