// Turns rows of the vault into the core's types and back. What is read is validated: a row that does not parse is `vaultDamaged`.
// The one function here that unwraps secrets passes them to SQL parameters and nowhere else.
import { z } from 'zod'
import { expose, Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { Health } from '../contract/health.ts'
import { type Proposal, proposal } from '../contract/proposal.ts'
import { clientAuthMethod, type ServerConfig, serverConfig } from '../contract/serverConfig.ts'
import { action, fault, type HistoryEvent, historyEvent, signInStep } from '../contract/views.ts'
import type { ClientRegistration, Grant, NewGrant, Tokens } from '../oauth/grant.ts'
import type { StoredServer } from './vault.ts'

/** A row as SQLite gives it. */
export type Row = Record<string, unknown>

const none: readonly Proposal[] = []

const time = z.number().int()
const text = z.string().nullable()
const secret = z.string().transform((value) => new Secret(value))
const json = z.string().transform((value, context) => {
  try {
    return JSON.parse(value) as unknown
  } catch {
    context.addIssue('is not JSON')
    return z.NEVER
  }
})

const report = z.object({
  fault,
  at: time,
  detail: z.string(),
  retryAfter: z.number().exactOptional(),
  unspent: z.boolean().exactOptional(),
  inOwnWords: z.boolean().exactOptional()
})
const expirySource = z.enum(['stated', 'jwt', 'lastKnown', 'guess', 'none'])
const state = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('signedOut') }),
  z.object({ kind: z.literal('fresh'), since: time, roll: z.number(), dueAt: time.nullable() }),
  z.object({ kind: z.literal('refreshing'), since: time, attempt: z.number() }),
  z.object({ kind: z.literal('waiting'), since: time, attempt: z.number(), nextAt: time, report }),
  z.object({
    kind: z.literal('needsUser'),
    since: time,
    action,
    nextAt: time.nullable(),
    report: report.nullable(),
    code: z.string()
  })
])
const facts = z.object({
  generation: time,
  obtainedAt: time,
  expiresAt: time.nullable(),
  expirySource,
  refreshExpiresAt: time.nullable(),
  refreshExtends: z.boolean(),
  renewable: z.boolean(),
  restored: z.boolean()
})
const health: z.ZodType<Health> = z.object({
  state,
  paused: z.boolean(),
  grant: facts.nullable(),
  signIn: z.object({ since: time, step: signInStep }).nullable(),
  lastAttemptAt: time.nullable(),
  lostAt: time.nullable(),
  // Not in the health of an earlier version.
  refusals: z.array(z.string()).default([]),
  dead: report.nullable().default(null),
  scopeNeededAt: time.nullable().default(null),
  acceptedAt: time.nullable()
})

export const grantRow = z.object({
  generation: time,
  started_at: time.nullable(),
  restored: z.number(),
  access_token: secret,
  token_type: z.string(),
  obtained_at: time,
  expires_at: time.nullable(),
  expiry_source: expirySource,
  refresh_token: secret.nullable(),
  refresh_expires_at: time.nullable(),
  scope: text,
  issuer: text,
  token_endpoint: text,
  revocation_endpoint: text,
  resource: text,
  client_id: text,
  client_auth: clientAuthMethod,
  client_secret: secret.nullable(),
  registration: z.enum(['dynamic', 'metadataDocument', 'preRegistered', 'none']),
  redirect_uri: text,
  dpop_key: secret.nullish()
})
const registrationRow = z.object({
  issuer: z.string(),
  redirect_uri: z.string(),
  client_id: z.string(),
  client_secret: secret.nullable(),
  client_secret_expires_at: time.nullable(),
  client_auth: clientAuthMethod,
  registered_at: time,
  // Not in a backup of before, which is read as it is.
  scope: text.optional(),
  site: z.string().optional(),
  allowed_scope: text.optional()
})

/** `what` names the row in the error, which never holds the row's contents. */
export function parse<T>(schema: z.ZodType<T>, row: unknown, what: string): T {
  const result = schema.safeParse(row)
  if (result.success) return result.data
  const fields = [...new Set(result.error.issues.map((issue) => issue.path[0]).filter(Boolean))].join(', ')
  throw new TokentrayError('vaultDamaged', `${what} in the vault could not be read${fields && ` (${fields})`}.`)
}

/** The config as JSON in a column. */
export function readConfig(id: string, column: unknown): ServerConfig {
  return parse(json.pipe(serverConfig), column, `The settings of server "${id}"`)
}

export function readHealth(id: string, column: unknown): Health | null {
  return column === null ? null : parse(json.pipe(health), column, `The health of server "${id}"`)
}

/** Hints, so that those this version cannot read are none. */
export function readProposals(column: unknown): readonly Proposal[] {
  return column === null ? none : (json.pipe(z.array(proposal)).safeParse(column).data ?? none)
}

/** A row of `servers`, in a list of its own; empty where its settings cannot be read. */
export function readServer(row: Row): StoredServer[] {
  const id = String(row.id)
  try {
    const config = readConfig(id, row.config)
    const proposals = readProposals(row.proposals)
    try {
      return [{ config, health: readHealth(id, row.health), proposals }]
    } catch {
      // Health is rebuilt from the grant; losing its memory must not lose the server.
      return [{ config, health: null, proposals }]
    }
  } catch {
    // One unreadable row must not take the others along; check() names it.
    return []
  }
}

export function readGrantRow(id: string, row: unknown): Grant {
  const it = parse(grantRow, row, `The grant of server "${id}"`)
  return {
    generation: it.generation,
    startedAt: it.started_at,
    restored: it.restored !== 0,
    accessToken: it.access_token,
    tokenType: it.token_type,
    obtainedAt: it.obtained_at,
    expiresAt: it.expires_at,
    expirySource: it.expiry_source,
    refreshToken: it.refresh_token,
    refreshExpiresAt: it.refresh_expires_at,
    scope: it.scope,
    shape: {
      issuer: it.issuer,
      tokenEndpoint: it.token_endpoint,
      revocationEndpoint: it.revocation_endpoint,
      resource: it.resource,
      clientId: it.client_id,
      clientAuth: it.client_auth,
      clientSecret: it.client_secret,
      registration: it.registration,
      redirectUri: it.redirect_uri,
      ...(it.dpop_key && { dpopKey: it.dpop_key })
    }
  }
}

/** SQL parameters of the columns that a refresh replaces. */
export function tokenParameters(tokens: Tokens) {
  return {
    access_token: bind(tokens.accessToken),
    token_type: tokens.tokenType,
    obtained_at: tokens.obtainedAt,
    expires_at: tokens.expiresAt,
    expiry_source: tokens.expirySource,
    refresh_token: bind(tokens.refreshToken),
    refresh_expires_at: tokens.refreshExpiresAt,
    scope: tokens.scope
  }
}

/** SQL parameters of a grant's row. */
export function grantParameters(grant: NewGrant) {
  return {
    ...tokenParameters(grant),
    issuer: grant.shape.issuer,
    token_endpoint: grant.shape.tokenEndpoint,
    revocation_endpoint: grant.shape.revocationEndpoint,
    resource: grant.shape.resource,
    client_id: grant.shape.clientId,
    client_auth: grant.shape.clientAuth,
    client_secret: bind(grant.shape.clientSecret),
    registration: grant.shape.registration,
    redirect_uri: grant.shape.redirectUri,
    // Named only where there is one: a copy of an older vault has no such column.
    ...(grant.shape.dpopKey && { dpop_key: bind(grant.shape.dpopKey) })
  }
}

export function readRegistration(row: unknown): ClientRegistration {
  const it = parse(registrationRow, row, 'A client registration')
  return {
    issuer: it.issuer,
    redirectUri: it.redirect_uri,
    clientId: it.client_id,
    clientSecret: it.client_secret,
    clientSecretExpiresAt: it.client_secret_expires_at,
    clientAuth: it.client_auth,
    registeredAt: it.registered_at,
    scope: it.scope ?? null,
    site: it.site ?? '',
    allowedScope: it.allowed_scope ?? null
  }
}

export function readEvent(id: string, row: unknown): HistoryEvent {
  return parse(historyEvent, row, `The history of server "${id}"`)
}

/** A secret as an SQL parameter. */
export function bind(value: Secret | null | undefined): string | null {
  return value ? expose(value) : null
}
