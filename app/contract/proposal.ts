// Quirks (deviations from a standard, allowed for one server) and proposals to change settings, as zod schemas.
// A proposal holds what `server.set` would get once a person agrees, the reason, and the protection it gives up.
import { z } from 'zod'

/** The one issuer that an exception is for; false: no exception. */
const issuerOrNone = z.string().min(1).max(4000).or(z.literal(false))

export const quirks = z
  .object({
    omitResource: z.boolean(),
    allowMissingPkceMetadata: z.boolean(),
    acceptIssuerSlash: z.boolean(),
    allowPrivateAddresses: z.boolean(),
    acceptIssuer: issuerOrNone,
    allowMissingIss: issuerOrNone,
    signInAnyway: z.boolean()
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
    allowPrivateAddresses: reason,
    acceptIssuer: reason,
    allowMissingIss: reason,
    signInAnyway: reason
  } satisfies Record<keyof Quirks, z.ZodString>)
  .partial()
  .strict()

export type QuirkReasons = z.infer<typeof quirkReasons>

/**
 * How sure it is. `verified`: tried out; `cited`: the provider documents it; `unverified`: hearsay; `seen`: this server
 * did it.
 */
export const trust = z.enum(['verified', 'cited', 'unverified', 'seen'])

/**
 * What a person lets pass from the site `from` to the site `to` (net/site.ts) when signing in at `issuer`. `code`: `from` shows the
 * sign-in page, and `to` gets the code and the refresh token; `token`: the MCP server at `to` gets the access token of `from`.
 */
export const sitePair = z
  .object({ passes: z.enum(['code', 'token']), from: z.string(), to: z.string(), issuer: z.string() })
  .strict()

export type SitePair = z.infer<typeof sitePair>

/** A change of settings that a person can agree to. */
export const proposal = z
  .object({
    change: z
      .object({
        quirks: quirks.optional(),
        redirectHost: z.enum(['127.0.0.1', 'localhost']).optional(),
        /** Where the server is, at the same origin as before. */
        url: z.string().optional(),
        /** Added to the parameters that are set already. */
        params: z.record(z.string(), z.string()).optional(),
        /** Added to those that are allowed already. */
        allowedSites: z.array(sitePair).optional()
      })
      .strict(),
    reason: z.string(),
    givesUp: z.string(),
    trust,
    source: z.string().nullable()
  })
  .strict()

export type Proposal = z.infer<typeof proposal>
