// Local clients on SQLite: each function says in SQL what localAccess.ts promises in words.
// Holds hashes only; whatever ends a sign-in or key deletes its rows, so that nothing has to be checked twice.
import type {
  ClientSummary,
  EarlyConsent,
  LocalAccess,
  LocalClient,
  RefreshToken,
  SignInGrant,
  UsedCode
} from './localAccess.ts'

type Row = Record<string, unknown>
type Statements = {
  reading<T>(read: () => T): Promise<T>
  writing<T>(write: () => T): Promise<T>
  run(sql: string, ...values: unknown[]): number
  row(sql: string, ...values: unknown[]): Row | undefined
  rows(sql: string, ...values: unknown[]): Row[]
  mustExist(server: string): void
}

const day = 24 * 3_600_000
/** A registration nobody approved is forgotten after this; one that was approved and is used no more, after a year. */
const unapprovedLife = day
const approvedLife = 365 * day
const usesPerClient = 200
const usesInAll = 2000
/** A use after a longer pause begins a new stretch. */
const pause = 5 * 60_000

const reach = (holder: string) =>
  `(SELECT group_concat(server, ' ') FROM (SELECT server FROM local_reach WHERE holder = ${holder} ORDER BY server))`
const list = (column: unknown): string[] => (column ? String(column).split(' ') : [])
const whenKnown = (column: unknown): number | null => (column === null ? null : Number(column))

function readClient(it: Row): LocalClient {
  return {
    id: String(it.id),
    name: String(it.name),
    redirectUris: JSON.parse(String(it.redirect_uris)) as string[],
    registeredAt: Number(it.registered_at),
    approvedAt: whenKnown(it.approved_at)
  }
}

function readSignIn(it: Row): SignInGrant {
  return {
    id: String(it.sign_in),
    client: String(it.client),
    servers: list(it.servers),
    begunAt: Number(it.begun_at),
    endsAt: whenKnown(it.ends_at)
  }
}

function readLastUse(it: Row): ClientSummary['lastUse'] {
  return it.last_at === null ? null : { at: Number(it.last_at), server: String(it.last_server) }
}

const lastUse = (client: string) =>
  `(SELECT last_at FROM local_activity WHERE client = ${client} ORDER BY number DESC LIMIT 1) AS last_at,
   (SELECT server FROM local_activity WHERE client = ${client} ORDER BY number DESC LIMIT 1) AS last_server`

export function createLocalAccess({ reading, writing, run, row, rows, mustExist }: Statements): LocalAccess {
  function addReach(holder: string, servers: readonly string[]): void {
    for (const server of servers) {
      mustExist(server)
      run('INSERT INTO local_reach VALUES (?, ?)', holder, server)
    }
  }

  function dropUnheld(): void {
    run(`DELETE FROM local_reach WHERE holder NOT IN
      (SELECT id FROM local_sign_ins UNION SELECT id FROM local_keys UNION SELECT id FROM local_early_consents)`)
  }

  return {
    addClient: (client, mostUnapproved) =>
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
           ORDER BY registered_at DESC, id = ? DESC LIMIT -1 OFFSET ?)`,
          client.id,
          mostUnapproved
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
             (SELECT group_concat(server, ' ') FROM (SELECT DISTINCT server FROM local_reach
                JOIN local_sign_ins ON holder = local_sign_ins.id
                WHERE client = local_clients.id AND EXISTS
                  (SELECT 1 FROM local_tokens WHERE sign_in = holder AND expires_at > ? AND replaced_at IS NULL)
                ORDER BY server)) AS servers,
             (SELECT group_concat(server, ' ') FROM
               (SELECT DISTINCT server FROM local_consents WHERE client = local_clients.id ORDER BY server)) AS always
           FROM local_clients WHERE approved_at IS NOT NULL ORDER BY name, registered_at`,
          now
        ).map((it) => ({
          ...readClient(it),
          servers: list(it.servers),
          always: list(it.always),
          lastUse: readLastUse(it)
        }))
      ),

    consents: (client, redirect) =>
      reading(() =>
        rows('SELECT server FROM local_consents WHERE client = ? AND redirect = ?', client, redirect).map(
          ({ server }) => String(server)
        )
      ),

    approve: (signIn, code, always) =>
      writing(() => {
        run('UPDATE local_clients SET approved_at = ? WHERE id = ?', signIn.begunAt, signIn.client)
        run('INSERT INTO local_sign_ins VALUES (?, ?, ?, ?)', signIn.id, signIn.client, signIn.begunAt, signIn.endsAt)
        addReach(signIn.id, signIn.servers)
        run(
          'INSERT INTO local_codes VALUES (?, ?, ?, ?, ?, NULL)',
          code.hash,
          signIn.id,
          code.redirectUri,
          code.challenge,
          code.expiresAt
        )
        for (const server of always === null ? [] : signIn.servers)
          run('INSERT OR IGNORE INTO local_consents VALUES (?, ?, ?, ?)', signIn.client, always, server, signIn.begunAt)
      }),

    spendCode: (hash, now) =>
      writing((): UsedCode | null => {
        const it = row(
          `SELECT local_codes.*, client, begun_at, ends_at, ${reach('sign_in')} AS servers
           FROM local_codes JOIN local_sign_ins ON sign_in = local_sign_ins.id WHERE hash = ?`,
          hash
        )
        if (!it) return null
        run('UPDATE local_codes SET used_at = ? WHERE hash = ? AND used_at IS NULL', now, hash)
        return {
          hash,
          redirectUri: String(it.redirect_uri),
          challenge: String(it.challenge),
          expiresAt: Number(it.expires_at),
          usedAt: whenKnown(it.used_at),
          signIn: readSignIn(it)
        }
      }),

    savePair: (signIn, { access, refresh }) =>
      writing(() => {
        if (!row('SELECT 1 FROM local_sign_ins WHERE id = ?', signIn)) return false
        const add = `INSERT INTO local_tokens VALUES (?, ?, ?, ?, NULL, NULL)`
        run(add, access.hash, 'access', signIn, access.expiresAt)
        run(add, refresh.hash, 'refresh', signIn, refresh.expiresAt)
        return true
      }),

    refreshToken: (hash) =>
      reading((): RefreshToken | null => {
        const it = row(
          `SELECT local_tokens.*, client, begun_at, ends_at, ${reach('sign_in')} AS servers
           FROM local_tokens JOIN local_sign_ins ON sign_in = local_sign_ins.id WHERE hash = ? AND kind = 'refresh'`,
          hash
        )
        if (!it) return null
        const seed = it.seed === null ? null : String(it.seed)
        return {
          signIn: readSignIn(it),
          expiresAt: Number(it.expires_at),
          replacedAt: whenKnown(it.replaced_at),
          seed
        }
      }),

    rotate: (hash, seed, now, { access, refresh }) =>
      writing(() => {
        const found = row('SELECT sign_in FROM local_tokens WHERE hash = ? AND replaced_at IS NULL', hash)
        if (!found) return false
        run('UPDATE local_tokens SET replaced_at = ?, seed = ? WHERE hash = ?', now, seed, hash)
        const add = `INSERT INTO local_tokens VALUES (?, ?, ?, ?, NULL, NULL)`
        run(add, access.hash, 'access', found.sign_in, access.expiresAt)
        run(add, refresh.hash, 'refresh', found.sign_in, refresh.expiresAt)
        return true
      }),

    signInOf: (hash) =>
      reading(() => {
        const it = row(
          `SELECT local_sign_ins.id, client FROM local_tokens JOIN local_sign_ins ON sign_in = local_sign_ins.id
           WHERE hash = ?`,
          hash
        )
        return it ? { id: String(it.id), client: String(it.client) } : null
      }),

    endSignIn: (id) =>
      writing(() => {
        run('DELETE FROM local_sign_ins WHERE id = ?', id)
        run('DELETE FROM local_reach WHERE holder = ?', id)
      }),

    holder: (hash, now) =>
      reading(() => {
        const token = row(
          `SELECT client, name, sign_in, expires_at, ${reach('sign_in')} AS servers
           FROM local_tokens JOIN local_sign_ins ON sign_in = local_sign_ins.id
             JOIN local_clients ON client = local_clients.id
           WHERE hash = ? AND kind = 'access' AND expires_at > ?`,
          hash,
          now
        )
        const it =
          token ??
          row(
            `SELECT id AS client, name, NULL AS sign_in, expires_at, ${reach('local_keys.id')} AS servers
             FROM local_keys WHERE hash = ? AND (expires_at IS NULL OR expires_at > ?)`,
            hash,
            now
          )
        if (!it) return null
        return {
          client: String(it.client),
          name: String(it.name),
          kind: token ? 'oauth' : 'key',
          signIn: it.sign_in === null ? null : String(it.sign_in),
          expiresAt: whenKnown(it.expires_at),
          servers: list(it.servers)
        }
      }),

    addKey: (key, hash) =>
      writing(() => {
        run('INSERT INTO local_keys VALUES (?, ?, ?, ?, ?)', key.id, key.name, hash, key.madeAt, key.expiresAt)
        addReach(key.id, key.servers)
      }),

    keys: () =>
      reading(() =>
        rows(
          `SELECT *, ${lastUse('local_keys.id')}, ${reach('local_keys.id')} AS servers FROM local_keys ORDER BY name`
        ).map((it) => ({
          id: String(it.id),
          name: String(it.name),
          madeAt: Number(it.made_at),
          expiresAt: whenKnown(it.expires_at),
          servers: list(it.servers),
          lastUse: readLastUse(it)
        }))
      ),

    remove: (id) =>
      writing(() => {
        const gone =
          run('DELETE FROM local_clients WHERE id = ?', id) + run('DELETE FROM local_keys WHERE id = ?', id) > 0
        dropUnheld()
        return gone
      }),

    addEarlyConsent: (it) =>
      writing(() => {
        run(
          'INSERT INTO local_early_consents VALUES (?, ?, ?, ?, ?)',
          it.id,
          it.name,
          it.redirectHost,
          it.always ? 1 : 0,
          it.expiresAt
        )
        addReach(it.id, it.servers)
      }),

    earlyConsents: (now) =>
      reading(() =>
        rows(
          `SELECT *, ${reach('local_early_consents.id')} AS servers FROM local_early_consents WHERE expires_at > ?`,
          now
        ).map(
          (it): EarlyConsent => ({
            id: String(it.id),
            name: String(it.name),
            redirectHost: String(it.redirect_host),
            always: it.always === 1,
            expiresAt: Number(it.expires_at),
            servers: list(it.servers)
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
          const prolonged = run(
            `UPDATE local_activity SET last_at = max(last_at, ?), requests = requests + ? WHERE number =
               (SELECT number FROM local_activity WHERE client = ? AND server = ? ORDER BY number DESC LIMIT 1)
             AND last_at >= ?`,
            use.lastAt,
            use.requests,
            use.client,
            use.server,
            use.firstAt - pause
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
             (SELECT number FROM local_activity WHERE client = ? ORDER BY number DESC LIMIT 1 OFFSET ${usesPerClient})`,
            use.client,
            use.client
          )
        }
        run(
          `DELETE FROM local_activity WHERE number <=
           (SELECT number FROM local_activity ORDER BY number DESC LIMIT 1 OFFSET ${usesInAll})`
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

    lockedSince: () => reading(() => whenKnown(row('SELECT since FROM local_lock')?.since ?? null)),

    setLock: (since) =>
      writing(() => {
        run('DELETE FROM local_lock')
        if (since !== null) run('INSERT INTO local_lock VALUES (1, ?)', since)
      }),

    sweep: (now) =>
      writing(() => {
        run('DELETE FROM local_codes WHERE expires_at <= ?', now)
        run('DELETE FROM local_tokens WHERE expires_at <= ?', now)
        run(`DELETE FROM local_sign_ins WHERE id NOT IN (SELECT sign_in FROM local_tokens WHERE replaced_at IS NULL)
             AND id NOT IN (SELECT sign_in FROM local_codes WHERE used_at IS NULL)`)
        run('DELETE FROM local_keys WHERE expires_at <= ?', now)
        run('DELETE FROM local_early_consents WHERE expires_at <= ?', now)
        dropUnheld()
        run(
          `DELETE FROM local_clients WHERE coalesce(approved_at + ${approvedLife}, registered_at + ${unapprovedLife}) <= ?
           AND id NOT IN (SELECT client FROM local_sign_ins) AND id NOT IN (SELECT client FROM local_consents)`,
          now
        )
      })
  }
}
