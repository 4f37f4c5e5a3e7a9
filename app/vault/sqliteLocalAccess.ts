// Local clients on SQLite: each function says in SQL what localAccess.ts promises in words.
// Holds hashes only; whatever ends a sign-in or key deletes its rows, so that nothing has to be checked twice.
import { type ClientSummary, type EarlyConsent, idleKeyMs, type LocalAccess, type LocalClient } from './localAccess.ts'
import { createSignIns, numberOrNull, type Row, reachOf, type Statements, splitList } from './sqliteClientSignIns.ts'

const dayMs = 24 * 3_600_000
/** A registration nobody approved is forgotten after this; one that was approved and is used no more, after a year. */
const unapprovedLifeMs = dayMs
const approvedLifeMs = 365 * dayMs
const maxUsesPerClient = 200
const maxUses = 2000
/** A use after a longer pause begins a new stretch. */
const maxPauseMs = 5 * 60_000

function readClient(it: Row): LocalClient {
  return {
    id: String(it.id),
    name: String(it.name),
    redirectUris: JSON.parse(String(it.redirect_uris)) as string[],
    registeredAt: Number(it.registered_at),
    approvedAt: numberOrNull(it.approved_at)
  }
}

function readLastUse(it: Row): ClientSummary['lastUse'] {
  return it.last_at === null ? null : { at: Number(it.last_at), server: String(it.last_server) }
}

const lastUse = (client: string) =>
  `(SELECT last_at FROM local_activity WHERE client = ${client} ORDER BY number DESC LIMIT 1) AS last_at,
   (SELECT server FROM local_activity WHERE client = ${client} ORDER BY number DESC LIMIT 1) AS last_server`

/** Of a client: no sign-in, whose code or tokens it may hold. */
const isUnused = 'id NOT IN (SELECT client FROM local_sign_ins)'

/** The servers that the living sign-ins of a client reach, as a column; `which` chooses among the sign-ins. */
const reachedBy = (which: string) =>
  `(SELECT group_concat(server, ' ') FROM (SELECT DISTINCT server FROM local_reach
      JOIN local_sign_ins ON holder = local_sign_ins.id
      WHERE client = local_clients.id AND ${which} AND EXISTS
        (SELECT 1 FROM local_tokens WHERE sign_in = holder AND expires_at > ? AND replaced_at IS NULL)
      ORDER BY server))`

export function createLocalAccess(statements: Statements): LocalAccess {
  const { reading, writing, run, row, rows, mustExist } = statements

  function addReach(holder: string, servers: readonly string[]): void {
    for (const server of servers) {
      mustExist(server)
      run('INSERT INTO local_reach VALUES (?, ?)', holder, server)
    }
  }

  function deleteUnheldReach(): void {
    run(`DELETE FROM local_reach WHERE holder NOT IN
      (SELECT id FROM local_sign_ins UNION SELECT id FROM local_keys UNION SELECT id FROM local_early_consents)`)
  }

  return {
    addClient: (client, maxUnapproved, asking) =>
      writing(() => {
        run(
          'INSERT INTO local_clients VALUES (?, ?, ?, ?, NULL)',
          client.id,
          client.name,
          JSON.stringify(client.redirectUris),
          client.registeredAt
        )
        run(
          `DELETE FROM local_clients WHERE id IN (SELECT id FROM local_clients WHERE approved_at IS NULL
           AND ${isUnused} ORDER BY registered_at DESC, id = ? DESC LIMIT -1 OFFSET ?)
           AND id NOT IN (SELECT value FROM json_each(?))`,
          client.id,
          maxUnapproved,
          JSON.stringify(asking)
        )
      }),

    client: (id) =>
      reading(() => {
        const found = row('SELECT * FROM local_clients WHERE id = ?', id)
        return found ? readClient(found) : null
      }),

    clients: (now) =>
      reading(() =>
        rows(
          `SELECT *, ${lastUse('local_clients.id')},
             ${reachedBy('TRUE')} AS servers, ${reachedBy('ends_at IS NULL')} AS always
           FROM local_clients WHERE approved_at IS NOT NULL OR id IN
             (SELECT client FROM local_sign_ins JOIN local_codes ON sign_in = local_sign_ins.id WHERE expires_at > ?)
           ORDER BY name, registered_at`,
          now,
          now,
          now
        ).map((it) => ({
          ...readClient(it),
          servers: splitList(it.servers),
          always: splitList(it.always),
          lastUse: readLastUse(it)
        }))
      ),

    ...createSignIns(statements, addReach),

    addKey: (key, hash) =>
      writing(() => {
        run(
          `INSERT INTO local_keys (id, name, hash, made_at, expires_at, idle_ms, is_public) VALUES (?, ?, ?, ?, ?, ?, ?)`,
          key.id,
          key.name,
          hash,
          key.madeAt,
          key.expiresAt,
          key.idleMs,
          Number(key.isPublic)
        )
        addReach(key.id, key.servers)
      }),

    keys: () =>
      reading(() =>
        rows(
          `SELECT *, ${lastUse('local_keys.id')}, ${reachOf('local_keys.id')} AS servers FROM local_keys ORDER BY name`
        ).map((it) => ({
          id: String(it.id),
          name: String(it.name),
          madeAt: Number(it.made_at),
          expiresAt: numberOrNull(it.expires_at),
          idleMs: numberOrNull(it.idle_ms),
          isPublic: it.is_public === 1,
          servers: splitList(it.servers),
          lastUse: readLastUse(it)
        }))
      ),

    endKey: (id, at) =>
      writing(
        () =>
          run(
            'UPDATE local_keys SET expires_at = min(coalesce(expires_at, ?), ?), idle_ms = NULL WHERE id = ?',
            at,
            at,
            id
          ) > 0
      ),

    remove: (id) =>
      writing(() => {
        const gone =
          run('DELETE FROM local_clients WHERE id = ?', id) + run('DELETE FROM local_keys WHERE id = ?', id) > 0
        deleteUnheldReach()
        return gone
      }),

    addEarlyConsent: (it) =>
      writing(() => {
        run(
          'INSERT INTO local_early_consents (id, name, redirect_host, given_at, expires_at) VALUES (?, ?, ?, ?, ?)',
          it.id,
          it.name,
          it.redirectHost,
          it.givenAt,
          it.expiresAt
        )
        addReach(it.id, it.servers)
      }),

    earlyConsents: (now) =>
      reading(() =>
        rows(
          `SELECT *, ${reachOf('local_early_consents.id')} AS servers FROM local_early_consents WHERE expires_at > ?`,
          now
        ).map(
          (it): EarlyConsent => ({
            id: String(it.id),
            name: String(it.name),
            redirectHost: String(it.redirect_host),
            givenAt: Number(it.given_at),
            expiresAt: Number(it.expires_at),
            servers: splitList(it.servers)
          })
        )
      ),

    takeEarlyConsent: (id) =>
      writing(() => {
        const taken = run('DELETE FROM local_early_consents WHERE id = ?', id) > 0
        run('DELETE FROM local_reach WHERE holder = ?', id)
        return taken
      }),

    noteUses: (uses) =>
      writing(() => {
        for (const use of uses) {
          if (use.kind === 'key')
            run(
              'UPDATE local_keys SET expires_at = max(expires_at, ? + idle_ms) WHERE id = ? AND idle_ms IS NOT NULL',
              use.lastAt,
              use.client
            )
          const prolonged = run(
            `UPDATE local_activity SET last_at = max(last_at, ?), requests = requests + ? WHERE number =
               (SELECT number FROM local_activity WHERE client = ? AND server = ? ORDER BY number DESC LIMIT 1)
             AND last_at >= ?`,
            use.lastAt,
            use.requests,
            use.client,
            use.server,
            use.firstAt - maxPauseMs
          )
          if (prolonged > 0) continue
          run(
            `INSERT INTO local_activity (client, name, kind, server, first_at, last_at, requests)
             VALUES (?, ?, ?, ?, ?, ?, ?)`,
            use.client,
            use.name,
            use.kind,
            use.server,
            use.firstAt,
            use.lastAt,
            use.requests
          )
          run(
            `DELETE FROM local_activity WHERE client = ? AND number <=
             (SELECT number FROM local_activity WHERE client = ? ORDER BY number DESC LIMIT 1 OFFSET ${maxUsesPerClient})`,
            use.client,
            use.client
          )
        }
        run(
          `DELETE FROM local_activity WHERE number <=
           (SELECT number FROM local_activity ORDER BY number DESC LIMIT 1 OFFSET ${maxUses})`
        )
      }),

    uses: (limit, client) =>
      reading(() =>
        rows(
          `SELECT * FROM local_activity WHERE client = coalesce(?, client) ORDER BY last_at DESC, number DESC LIMIT ?`,
          client ?? null,
          limit
        ).map((it) => ({
          client: String(it.client),
          name: String(it.name),
          kind: it.kind === 'key' ? 'key' : 'oauth',
          server: String(it.server),
          firstAt: Number(it.first_at),
          lastAt: Number(it.last_at),
          requests: Number(it.requests)
        }))
      ),

    lockedSince: () => reading(() => numberOrNull(row('SELECT since FROM local_lock')?.since ?? null)),

    setLock: (since) =>
      writing(() => {
        run('DELETE FROM local_lock')
        if (since !== null) run('INSERT INTO local_lock VALUES (1, ?)', since)
      }),

    sweep: (now, asking) =>
      writing(() => {
        run('DELETE FROM local_codes WHERE expires_at <= ?', now)
        run('DELETE FROM local_tokens WHERE expires_at <= ?', now)
        const ended = rows(
          `DELETE FROM local_sign_ins WHERE id NOT IN (SELECT sign_in FROM local_tokens WHERE replaced_at IS NULL)
             AND id NOT IN (SELECT sign_in FROM local_codes WHERE used_at IS NULL) RETURNING id`
        )
        const keys = rows('DELETE FROM local_keys WHERE expires_at <= ? RETURNING id', now)
        run(`UPDATE local_keys SET expires_at = ?, idle_ms = ${idleKeyMs} WHERE expires_at IS NULL`, now + idleKeyMs)
        run('DELETE FROM local_early_consents WHERE expires_at <= ?', now)
        deleteUnheldReach()
        run(
          `DELETE FROM local_clients WHERE coalesce(approved_at + ${approvedLifeMs}, registered_at + ${unapprovedLifeMs}) <= ?
           AND ${isUnused} AND id NOT IN (SELECT value FROM json_each(?))`,
          now,
          JSON.stringify(asking)
        )
        const ids = (all: readonly Row[]) => all.map(({ id }) => String(id))
        return { signIns: ids(ended), keys: ids(keys) }
      })
  }
}
