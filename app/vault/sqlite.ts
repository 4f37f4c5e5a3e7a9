// The vault on SQLite: every write is one immediate transaction, durable when its promise resolves.
// Each function says in SQL what the interface in vault.ts promises in words.
import { Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import type { Health } from '../contract/health.ts'
import type { HistoryEvent } from '../contract/views.ts'
import { steadyAfterMs } from '../health/schedule.ts'
import type { NewGrant } from '../oauth/grant.ts'
import { makeBackup } from './backups.ts'
import { checkVault } from './check.ts'
import { asVaultError, type Connection } from './connection.ts'
import { bind, grantParameters, readEvent, readGrantRow, readServer, tokenParameters } from './rows.ts'
import { readRecords, selectRecord, selectRecords } from './serverRecords.ts'
import { createLocalAccess } from './sqliteLocalAccess.ts'
import { createRegistrations } from './sqliteRegistrations.ts'
import type { KeySource, Vault } from './vault.ts'

/** Of each server. */
const maxEvents = 1000
/** Old ones are deleted so many at once: deleting one at each event would take as long as storing it. */
const maxEventsInExcess = 32

/** Every column of a grant's row that a token reply may change (RFC 6749 section 5.1), and what belongs to the reply. */
const storeTokens = `UPDATE grants SET
  generation = generation + 1, started_at = NULL, restored = 0, access_token = @access_token, token_type = @token_type,
  obtained_at = @obtained_at, expires_at = @expires_at, expiry_source = @expiry_source, refresh_token = @refresh_token,
  refresh_expires_at = @refresh_expires_at, scope = @scope
  WHERE server = @server AND generation = @generation`

const unknownServer = (id: string) => new TokentrayError('serverUnknown', `There is no server named "${id}".`)

/** `db` as connect() and migrate() left it; closed by the vault's close(). Errors: `vaultUnwritable`, `vaultDamaged`, `serverUnknown`. */
export function createSqliteVault(db: Connection, path: string, keySource: KeySource): Vault {
  async function reading<T>(read: () => T): Promise<T> {
    try {
      return read()
    } catch (error) {
      throw asVaultError(error, path)
    }
  }
  // Immediate: a deferred read-then-write can fail with SQLITE_BUSY_SNAPSHOT, which no waiting cures.
  const inTransaction = db.transaction((write: () => unknown) => write())
  async function writing<T>(write: () => T): Promise<T> {
    try {
      return await reading(() => inTransaction.immediate(write) as T)
    } catch (error) {
      eventCounts.clear()
      countedAt = null
      throw error
    }
  }
  /** How many events are stored, of servers that got one since the last write that failed. */
  const eventCounts = new Map<string, number>()
  /** Starts in a row before this one that had no clean end; null: not read yet. */
  let startsBefore: number | null = null
  /** When this start was counted; null: it has spent no refresh token yet, or the last write failed. */
  let countedAt: number | null = null
  // Each statement is compiled once: compiling cost more than reading a grant does.
  const prepared = new Map<string, ReturnType<Connection['prepare']>>()
  function prepare(sql: string) {
    const known = prepared.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    prepared.set(sql, made)
    return made
  }
  const run = (sql: string, ...values: unknown[]) => prepare(sql).run(...values).changes
  const row = (sql: string, ...values: unknown[]) => prepare(sql).get(...values) as Record<string, unknown> | undefined
  const rows = (sql: string, ...values: unknown[]) => prepare(sql).all(...values) as Record<string, unknown>[]

  function mustExist(id: string): void {
    if (!row('SELECT 1 FROM servers WHERE id = ?', id)) throw unknownServer(id)
  }

  function uncleanStarts(): number {
    startsBefore ??= Number(row('SELECT starts FROM unclean_starts')?.starts ?? 0)
    return startsBefore
  }

  /** Part of the transaction that journals a refresh, so that a start that spends a token is counted and no other. */
  function countStart(now: number): void {
    const before = uncleanStarts()
    const isSteady = countedAt !== null && now - countedAt >= steadyAfterMs
    if (countedAt !== null && (before === 0 || !isSteady)) return
    if (isSteady) startsBefore = 0
    countedAt ??= now
    run(
      'INSERT INTO unclean_starts VALUES (1, ?) ON CONFLICT DO UPDATE SET starts = excluded.starts',
      uncleanStarts() + 1
    )
  }

  function grantOf(id: string) {
    const found = row('SELECT * FROM grants WHERE server = ?', id)
    return found ? readGrantRow(id, found) : null
  }

  function insertGrant(id: string, grant: NewGrant): number {
    const generation = Number(
      row(`INSERT INTO generations VALUES (?, 1) ON CONFLICT DO UPDATE SET latest = latest + 1 RETURNING latest`, id)!
        .latest
    )
    run('DELETE FROM grants WHERE server = ?', id)
    const values = { server: id, generation, ...grantParameters(grant) }
    const names = Object.keys(values)
    run(`INSERT INTO grants (${names.join(', ')}) VALUES (${names.map((name) => `@${name}`).join(', ')})`, values)
    return generation
  }

  /** The server is known to exist. */
  function insertEvent(id: string, event: HistoryEvent): void {
    run(
      'INSERT INTO events (server, at, kind, fault, detail, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
      id,
      event.at,
      event.kind,
      event.fault,
      event.detail,
      event.expiresAt
    )
    const count =
      1 + (eventCounts.get(id) ?? Number(row('SELECT count(*) - 1 AS n FROM events WHERE server = ?', id)!.n))
    const isTrimmed = count >= maxEvents + maxEventsInExcess
    if (isTrimmed)
      run(
        `DELETE FROM events WHERE server = ? AND number <=
         (SELECT number FROM events WHERE server = ? ORDER BY number DESC LIMIT 1 OFFSET ${maxEvents})`,
        id,
        id
      )
    eventCounts.set(id, isTrimmed ? maxEvents : count)
  }

  function updateHealth(id: string, health: Health): void {
    if (run('UPDATE servers SET health = ? WHERE id = ?', JSON.stringify(health), id) === 0) throw unknownServer(id)
  }

  type SecretColumn = 'client_secret' | 'identity_provider_secret'

  function secretIn(column: SecretColumn, id: string): Secret | null {
    const value = row(`SELECT ${column} AS secret FROM servers WHERE id = ?`, id)?.secret
    return typeof value === 'string' ? new Secret(value) : null
  }

  /** undefined: as it is. */
  function keepSecrets(
    id: string,
    secrets: { clientSecret?: Secret | null | undefined; identityProviderSecret?: Secret | null | undefined }
  ): void {
    const keep = (column: SecretColumn, secret: Secret | null | undefined) =>
      secret !== undefined && run(`UPDATE servers SET ${column} = ? WHERE id = ?`, bind(secret), id)
    keep('client_secret', secrets.clientSecret)
    keep('identity_provider_secret', secrets.identityProviderSecret)
  }

  return {
    path,
    keySource,
    local: createLocalAccess({ reading, writing, run, row, rows, mustExist }),

    servers: () =>
      reading(() => rows('SELECT id, config, health, proposals FROM servers ORDER BY number').flatMap(readServer)),
    serverRecords: () => reading(() => readRecords(prepare(selectRecords).iterate())),
    serverRecord: (id) => reading(() => readRecords(prepare(selectRecord).iterate(id))[0] ?? null),

    addServer: (config, { clientSecret, identityProviderSecret, grant }) =>
      writing(() => {
        if (row('SELECT 1 FROM servers WHERE id = ?', config.id)) {
          throw new TokentrayError(
            'serverExists',
            `A server with the ID "${config.id}" already exists. Choose another ID.`
          )
        }
        run('INSERT INTO servers (id, config) VALUES (?, ?)', config.id, JSON.stringify(config))
        keepSecrets(config.id, { clientSecret, identityProviderSecret })
        if (grant) insertGrant(config.id, grant)
      }),

    updateServer: (config, secrets = {}) =>
      writing(() => {
        mustExist(config.id)
        const { clientSecret, isForGrant, grantClient } = secrets
        if (isForGrant && grantClient !== undefined)
          run(
            "UPDATE grants SET client_id = ?, registration = 'preRegistered' WHERE server = ?",
            grantClient,
            config.id
          )
        if (isForGrant && clientSecret !== undefined)
          run(
            `UPDATE grants SET client_secret = ?, client_auth = COALESCE(?, CASE
               WHEN client_auth IN ('client_secret_basic', 'client_secret_post') THEN client_auth
               ELSE 'client_secret_basic' END)
             WHERE server = ? AND registration = 'preRegistered'`,
            bind(clientSecret),
            clientSecret === null ? 'none' : (config.clientAuth ?? null),
            config.id
          )
        run('UPDATE servers SET config = ? WHERE id = ?', JSON.stringify(config), config.id)
        keepSecrets(config.id, secrets)
      }),

    removeServer: (id) =>
      writing(() => {
        mustExist(id)
        run('DELETE FROM servers WHERE id = ?', id)
        eventCounts.delete(id)
      }),

    clientSecret: (id) => reading(() => secretIn('client_secret', id)),
    identityProviderSecret: (id) => reading(() => secretIn('identity_provider_secret', id)),

    icon: (id) =>
      reading(() => {
        const found = row('SELECT icon FROM server_icons WHERE server = ?', id)
        return found ? String(found.icon) : null
      }),
    saveIcon: (id, icon) =>
      writing(() => {
        mustExist(id)
        if (icon === null) run('DELETE FROM server_icons WHERE server = ?', id)
        else run('INSERT INTO server_icons VALUES (?, ?) ON CONFLICT DO UPDATE SET icon = excluded.icon', id, icon)
      }),

    saveHealth: (id, health) => writing(() => updateHealth(id, health)),

    saveProposals: (id, proposals) =>
      writing(() => {
        mustExist(id)
        run(
          'UPDATE servers SET proposals = ? WHERE id = ?',
          proposals.length > 0 ? JSON.stringify(proposals) : null,
          id
        )
      }),

    uncleanStarts: () => reading(uncleanStarts),

    readGrant: (id) => reading(() => grantOf(id)),

    beginRefresh: (id, startedAt) =>
      writing(() => {
        countStart(startedAt)
        const found = row('UPDATE grants SET started_at = ? WHERE server = ? RETURNING *', startedAt, id)
        return found ? readGrantRow(id, found) : null
      }),

    endRefresh: (id, generation) =>
      writing(() => {
        run('UPDATE grants SET started_at = NULL WHERE server = ? AND generation = ?', id, generation)
      }),

    commitRefresh: (id, generation, tokens, news) =>
      writing(() => {
        if (run(storeTokens, { server: id, generation, ...tokenParameters(tokens) }) === 0) return 'superseded'
        run('UPDATE generations SET latest = ? WHERE server = ?', generation + 1, id)
        if (news) {
          updateHealth(id, news.health)
          insertEvent(id, news.event)
        }
        return 'committed'
      }),

    commitSignIn: (id, grant) =>
      writing(() => {
        mustExist(id)
        return insertGrant(id, grant)
      }),

    deleteGrant: (id, generation) =>
      writing(() => {
        const gone = run('DELETE FROM grants WHERE server = ? AND generation = ?', id, generation)
        return gone ? 'committed' : 'superseded'
      }),

    clearRestored: (id) =>
      writing(() => {
        run('UPDATE grants SET restored = 0 WHERE server = ?', id)
      }),

    ...createRegistrations({ reading, writing, run, row, rows }),

    appendEvent: (id, event) =>
      writing(() => {
        mustExist(id)
        insertEvent(id, event)
      }),

    events: (id, limit) =>
      reading(() =>
        rows(
          `SELECT at, kind, fault, detail, expires_at AS expiresAt FROM events WHERE server = ?
           ORDER BY number DESC LIMIT ?`,
          id,
          Math.min(limit, maxEvents)
        ).flatMap((found) => {
          try {
            return [readEvent(id, found)]
          } catch {
            return []
          }
        })
      ),

    check: async () => checkVault(db),

    backup: async (at) => {
      if (path === ':memory:')
        throw new TokentrayError('inputInvalid', 'This vault is in memory only and cannot be backed up.')
      const { user_version: version } = row('PRAGMA user_version')!
      return (await reading(() => makeBackup(db, path, Number(version), at))).path
    },

    close: async () => {
      // Where this cannot be written, the next start is more careful than it has to be.
      if (countedAt !== null) await writing(() => run('DELETE FROM unclean_starts')).catch(() => {})
      db.close()
    }
  }
}
