// Sign-ins of MCP clients at the gateway, stored in SQLite: consent, codes, tokens, rotation, and whose credential is presented.
// Together with sqliteLocalAccess.ts, which has the clients and their keys, it implements localAccess.ts.
import type { LocalAccess, RefreshToken, SignInGrant, UsedCode } from './localAccess.ts'

export type Row = Record<string, unknown>
export type Statements = {
  reading<T>(read: () => T): Promise<T>
  writing<T>(write: () => T): Promise<T>
  run(sql: string, ...values: unknown[]): number
  row(sql: string, ...values: unknown[]): Row | undefined
  rows(sql: string, ...values: unknown[]): Row[]
  mustExist(server: string): void
}

/** What a holder may reach, as a column. */
export const reachOf = (holder: string) =>
  `(SELECT group_concat(server, ' ') FROM (SELECT server FROM local_reach WHERE holder = ${holder} ORDER BY server))`
export const splitList = (column: unknown): string[] => (column ? String(column).split(' ') : [])
export const numberOrNull = (column: unknown): number | null => (column === null ? null : Number(column))

function readSignIn(it: Row): SignInGrant {
  return {
    id: String(it.sign_in),
    client: String(it.client),
    servers: splitList(it.servers),
    begunAt: Number(it.begun_at),
    endsAt: numberOrNull(it.ends_at)
  }
}

/** Of one sign-in and kind. */
const maxTokens = 100

type SignIns = Pick<
  LocalAccess,
  'approve' | 'spendCode' | 'savePair' | 'refreshToken' | 'rotate' | 'signInOf' | 'endSignIn' | 'holder'
>

export function createSignIns(
  { reading, writing, run, row }: Statements,
  addReach: (holder: string, servers: readonly string[]) => void
): SignIns {
  /** A client that refreshes without an end must not fill the vault. */
  function deleteOld(signIn: unknown, which: string, newest: string): void {
    run(
      `DELETE FROM local_tokens WHERE hash IN (SELECT hash FROM local_tokens WHERE sign_in = ? AND ${which}
       ORDER BY ${newest} DESC LIMIT -1 OFFSET ${maxTokens})`,
      signIn
    )
  }

  return {
    approve: (signIn, code) =>
      writing(() => {
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
      }),

    spendCode: (hash, now) =>
      writing((): UsedCode | null => {
        const it = row(
          `SELECT local_codes.*, client, begun_at, ends_at, ${reachOf('sign_in')} AS servers
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
          usedAt: numberOrNull(it.used_at),
          signIn: readSignIn(it)
        }
      }),

    savePair: (signIn, { access, refresh }) =>
      writing(() => {
        const it = row('SELECT client, begun_at FROM local_sign_ins WHERE id = ?', signIn)
        if (!it) return false
        run(
          'UPDATE local_clients SET approved_at = max(coalesce(approved_at, 0), ?) WHERE id = ?',
          it.begun_at,
          it.client
        )
        const add = `INSERT INTO local_tokens VALUES (?, ?, ?, ?, NULL, NULL)`
        run(add, access.hash, 'access', signIn, access.expiresAt)
        run(add, refresh.hash, 'refresh', signIn, refresh.expiresAt)
        return true
      }),

    refreshToken: (hash) =>
      reading((): RefreshToken | null => {
        const it = row(
          `SELECT local_tokens.*, client, begun_at, ends_at, ${reachOf('sign_in')} AS servers
           FROM local_tokens JOIN local_sign_ins ON sign_in = local_sign_ins.id WHERE hash = ? AND kind = 'refresh'`,
          hash
        )
        if (!it) return null
        const seed = it.seed === null ? null : String(it.seed)
        return {
          signIn: readSignIn(it),
          expiresAt: Number(it.expires_at),
          replacedAt: numberOrNull(it.replaced_at),
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
        deleteOld(found.sign_in, "kind = 'access'", 'expires_at')
        deleteOld(found.sign_in, 'replaced_at IS NOT NULL', 'replaced_at')
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
          `SELECT client, name, sign_in, expires_at, 1 AS is_public, ${reachOf('sign_in')} AS servers
           FROM local_tokens JOIN local_sign_ins ON sign_in = local_sign_ins.id
             JOIN local_clients ON client = local_clients.id
           WHERE hash = ? AND kind = 'access' AND expires_at > ?`,
          hash,
          now
        )
        const it =
          token ??
          row(
            `SELECT id AS client, name, NULL AS sign_in, expires_at, is_public, ${reachOf('local_keys.id')} AS servers
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
          expiresAt: numberOrNull(it.expires_at),
          isPublic: it.is_public === 1,
          servers: splitList(it.servers)
        }
      })
  }
}
