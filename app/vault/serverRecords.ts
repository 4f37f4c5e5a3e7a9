// Reads all that is kept in memory about each server, in one SQL statement for all: three for each would slow down the start.
// Values that many servers share, such as an issuer's name, become one object: thousands of copies would fill memory.
import type { ServerConfig } from '../contract/serverConfig.ts'
import type { HistoryEvent } from '../contract/views.ts'
import type { GrantOutline } from '../oauth/grant.ts'
import { grantRow, parse, type Row, readEvent, readServer } from './rows.ts'
import type { ServerRecord } from './vault.ts'

// The last event by its number: the index of events leads there at once, however long a history is.
const select = `
  SELECT servers.id, servers.config, servers.health, servers.proposals,
    generation, started_at, restored, obtained_at, grants.expires_at, expiry_source, refresh_expires_at, scope, issuer,
    resource, client_id, registration, redirect_uri,
    refresh_token IS NOT NULL AS has_refresh_token, dpop_key IS NOT NULL AS is_bound,
    at, kind, fault, detail, events.expires_at AS event_expires_at
  FROM servers
  LEFT JOIN grants ON grants.server = servers.id
  LEFT JOIN events ON events.number = (SELECT max(number) FROM events WHERE server = servers.id)`
export const selectRecords = `${select} ORDER BY servers.number`
export const selectRecord = `${select} WHERE servers.id = ?`

/**
 * The rows of `selectRecords` as records; without those whose settings cannot be read.
 * @throws vaultDamaged where a grant cannot be read
 */
export function readRecords(rows: Iterable<unknown>): ServerRecord[] {
  const shared = new Map<string, string>()
  const share: Share = (text) => {
    if (text === null) return text
    const known = shared.get(text)
    if (known === undefined) shared.set(text, text)
    return (known ?? text) as typeof text
  }
  const records: ServerRecord[] = []
  for (const row of rows as Iterable<Row>)
    for (const { config, health, proposals } of readServer(row))
      records.push({
        config: shareParts(config, share),
        health,
        proposals,
        grant: row.generation === null ? null : readOutline(config.id, row, share),
        lastEvent: row.at === null ? null : readLastEvent(config.id, row, share)
      })
  return records
}

/** The same text, as one that is held already where there is one. */
type Share = <T extends string | null>(text: T) => T

const outlineRow = grantRow.pick({
  generation: true,
  started_at: true,
  restored: true,
  obtained_at: true,
  expires_at: true,
  expiry_source: true,
  refresh_expires_at: true,
  scope: true,
  issuer: true,
  resource: true,
  client_id: true,
  registration: true,
  redirect_uri: true
})

function readOutline(id: string, row: Row, share: Share): GrantOutline {
  const it = parse(outlineRow, row, `The grant of server "${id}"`)
  return {
    generation: it.generation,
    startedAt: it.started_at,
    restored: it.restored !== 0,
    obtainedAt: it.obtained_at,
    expiresAt: it.expires_at,
    expirySource: it.expiry_source,
    refreshExpiresAt: it.refresh_expires_at,
    hasRefreshToken: row.has_refresh_token !== 0,
    isBound: row.is_bound !== 0,
    scope: share(it.scope),
    shape: {
      issuer: share(it.issuer),
      resource: share(it.resource),
      clientId: share(it.client_id),
      registration: it.registration,
      redirectUri: share(it.redirect_uri)
    }
  }
}

/** A line that cannot be read is none: history is for reading only. */
function readLastEvent(id: string, row: Row, share: Share): HistoryEvent | null {
  const { at, kind, fault, detail, event_expires_at: expiresAt } = row
  try {
    const event = readEvent(id, { at, kind, fault, detail, expiresAt })
    return { ...event, detail: share(event.detail) }
  } catch {
    return null
  }
}

const nothing = Object.freeze({})
/** Most servers change no schedule, need no quirk and send no extra parameter. */
function orNothing<T extends object>(part: T): T {
  return Object.keys(part).length === 0 ? (nothing as T) : part
}

function shareParts(config: ServerConfig, share: Share): ServerConfig {
  return {
    ...config,
    // The address is the resource's name as well, most often.
    url: share(config.url),
    ...(config.tokenEndpoint !== undefined && { tokenEndpoint: share(config.tokenEndpoint) }),
    params: orNothing(config.params),
    quirks: orNothing(config.quirks),
    quirkReasons: orNothing(config.quirkReasons),
    schedule: orNothing(config.schedule)
  }
}
