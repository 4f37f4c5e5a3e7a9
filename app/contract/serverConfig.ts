// A server's settings, chosen by a person or recorded by a sign-in: zod schemas and the types made from them.
// No field holds a secret: client secrets and tokens are in the vault's own columns.
import { z } from 'zod'
import { quirkReasons, quirks, sitePair } from './proposal.ts'

/** Ids no server may have, because the gateway has routes of these names. */
export const reservedIds = ['authorize', 'token', 'register', 'revoke', 'health', 'metrics', '.well-known']

export const serverId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'use lowercase letters, digits, ".", "_" or "-", starting with a letter or digit'
  )

/** Whether a server may have this id, whether or not one has it. */
export const isServerName = (id: string | null): id is string =>
  id !== null && serverId.safeParse(id).success && !reservedIds.includes(id)

const ms = z.number().int().nonnegative()
const fraction = z.number().min(0).max(1)

/** Overrides of the schedule; absent fields keep the global value. Times in ms. */
export const scheduleOverrides = z
  .object({
    refreshFraction: fraction,
    refreshMargin: ms,
    jitter: fraction,
    earliestFraction: fraction,
    floor: ms.min(1000),
    backoffFirst: ms.min(1000),
    backoffMax: ms.min(1000),
    fixRetry: ms.min(60_000),
    retryAfterMax: ms,
    guessedLifetime: ms.min(1000),
    refreshTokenMargin: ms
  })
  .partial()
  .strict()

/** A change of overrides: a value, or null to use the general (or built-in) value again. */
export const scheduleChanges = z
  .object(
    Object.fromEntries(Object.entries(scheduleOverrides.shape).map(([name, field]) => [name, field.nullable()])) as {
      [K in keyof typeof scheduleOverrides.shape]: z.ZodNullable<(typeof scheduleOverrides.shape)[K]>
    }
  )
  .strict()

/** Every field of the schedule, as it is in force. Times in ms. */
export const scheduleValues = scheduleOverrides.required()

/** Parameters are shown to people, so one whose name says that it holds a secret is refused. */
const secretName = /secret|password|passphrase|assertion|verifier|(^|[_-])(token|code|api[_-]?key)$/i
export const isSecretName = (name: string): boolean => secretName.test(name)

/** Extra parameters as a person gives them. */
export const givenParams = z
  .record(z.string(), z.string())
  .refine(
    (params) => !Object.keys(params).some(isSecretName),
    'do not put secrets in parameters, because parameters are shown; enter them as a client secret or token'
  )

export const grantKind = z.enum(['authorizationCode', 'clientCredentials', 'jwtBearer', 'refreshToken', 'staticToken'])
/**
 * Which credential the gateway sends to the upstream. `token`: the one Tokentray keeps; `passThrough`: the client's own
 * `Authorization`, for servers where each user signs in for themselves.
 */
export const mode = z.enum(['token', 'passThrough'])
export const clientAuthMethod = z.enum(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'])

/** For mutual TLS: the paths of PEM files; the key is read from its file and never stored. */
export const clientCertificate = z.object({ certificateFile: z.string().min(1), keyFile: z.string().min(1) }).strict()

/**
 * Where an assertion is read each time one is needed: a file, or the stdout of a command that is run without a shell.
 */
export const assertionSource = z.union([
  z.object({ file: z.string().min(1) }).strict(),
  z.object({ command: z.array(z.string()).min(1) }).strict()
])
/** The identity provider that exchanges an ID token for an ID-JAG (MCP, enterprise-managed authorization). */
export const identityProvider = z.object({ tokenEndpoint: z.string().min(1), clientId: z.string().min(1) }).strict()

/** Everything about a server a person chose or a sign-in recorded. */
export const serverConfig = z
  .object({
    id: serverId,
    name: z.string().min(1).max(100),
    /** A person chose the name, so the server's own does not take its place. */
    isNamed: z.literal(true).optional(),
    /** What the server calls itself, cleaned (serverInfo of MCP's `initialize`). */
    ownName: z.string().max(200).optional(),
    /** Its own icon, which is in a table of the vault. `from`: a digest of where it is; no `icon`: nothing usable was there. */
    ownIcon: z.object({ from: z.string(), icon: z.string().optional() }).strict().optional(),
    url: z.string().min(1),
    grantKind,
    /** Scopes asked for, space separated; absent: what the server asks for. */
    scope: z.string().optional(),
    /** Scopes that a person added after a request was refused (RFC 6750 section 3.1): each sign-in asks for them too. */
    addedScope: z.string().optional(),
    /** Scopes that the server asked for and no person has allowed or declined yet: shown, and in no request. */
    wantedScope: z.string().optional(),
    /** The part of `addedScope` that a sign-in asked for in vain: another sign-in would not get it either. */
    declinedScope: z.string().optional(),
    /** The account of the last sign-in, if the server named it: shown, and suggested to the server the next time. */
    account: z.string().max(200).optional(),
    /** A pre-registered client (RFC 6749 section 2.2); its secret is kept in the vault. */
    clientId: z.string().optional(),
    /**
     * The authorization server of that client, found at its first sign-in: no other one is sent this client's secret.
     */
    clientIssuer: z.string().optional(),
    /** The authorization server, named by a person: no other one is used, and nobody is asked about its site. */
    issuer: z.string().optional(),
    /** What a person allowed to pass between sites, for this server and all others. */
    allowedSites: z.array(sitePair).optional(),
    clientAuth: clientAuthMethod.optional(),
    /** Whether tokens are bound to a key (DPoP, RFC 9449); absent: if the server asks for it. */
    dpop: z.boolean().optional(),
    /** For jwtBearer: the assertion, or with an identity provider the ID token that is exchanged for one. */
    assertion: assertionSource.optional(),
    identityProvider: identityProvider.optional(),
    /** Only for a pasted refresh token or where discovery is impossible. */
    tokenEndpoint: z.string().optional(),
    /** Extra parameters of authorize and token requests. */
    params: z.record(z.string(), z.string()).default({}),
    redirectHost: z.enum(['127.0.0.1', 'localhost']).default('127.0.0.1'),
    redirectPort: z.number().int().min(1).max(65_535).optional(),
    /** Deviations from a standard that a person allowed for this server. */
    quirks: quirks.default({}),
    quirkReasons: quirkReasons.default({}),
    clientCertificate: clientCertificate.optional(),
    mode: mode.default('token'),
    schedule: scheduleOverrides.default({}),
    /** A server of the demo, removed when the demo or its owner ends. */
    demo: z.literal(true).optional()
  })
  .strict()

export type ClientCertificate = z.infer<typeof clientCertificate>
export type AssertionSource = z.infer<typeof assertionSource>
export type ServerConfig = z.infer<typeof serverConfig>
export type ScheduleOverrides = z.infer<typeof scheduleOverrides>
export type ScheduleChanges = z.infer<typeof scheduleChanges>
export type GrantKind = z.infer<typeof grantKind>
export type ClientAuthMethod = z.infer<typeof clientAuthMethod>

/** Whether a new token needs neither a person nor a refresh token (RFC 6749 section 4.4, RFC 7523 section 2.1). */
export function renewsAlone({ grantKind }: Pick<ServerConfig, 'grantKind'>): boolean {
  return grantKind === 'clientCredentials' || grantKind === 'jwtBearer'
}
