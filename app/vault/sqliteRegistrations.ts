// Client registrations on SQLite: those the next sign-in starts from, and how a client can be deleted at its server.
// The latter outlive the former, since grants keep copies of their client.
import { Secret } from '../base/secret.ts'
import { bind, readRegistration } from './rows.ts'
import type { Statements } from './sqliteSignIns.ts'
import type { Vault } from './vault.ts'

type Registrations = Pick<
  Vault,
  'registration' | 'saveRegistration' | 'forgetRegistration' | 'clientUse' | 'forgetManagement'
>

export function createRegistrations({
  reading,
  writing,
  run,
  row,
  rows
}: Pick<Statements, 'reading' | 'writing' | 'run' | 'row' | 'rows'>): Registrations {
  return {
    registration: (issuer, redirectHost) =>
      reading(
        () =>
          rows('SELECT * FROM registrations WHERE issuer = ? ORDER BY registered_at DESC', issuer)
            .map(readRegistration)
            .find((it) => URL.parse(it.redirectUri)?.hostname === redirectHost) ?? null
      ),

    saveRegistration: ({ management, ...it }) =>
      writing(() => {
        run(
          'INSERT OR REPLACE INTO registrations VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
          it.issuer,
          it.redirectUri,
          it.clientId,
          bind(it.clientSecret),
          it.clientSecretExpiresAt,
          it.clientAuth,
          it.registeredAt,
          it.scope ?? null
        )
        if (!management) return
        const { uri, accessToken } = management
        run(
          'INSERT OR REPLACE INTO client_management VALUES (?, ?, ?, ?)',
          it.issuer,
          it.clientId,
          uri,
          bind(accessToken)
        )
      }),

    forgetRegistration: (issuer, clientId) =>
      writing(() => {
        run('DELETE FROM registrations WHERE issuer = ? AND client_id = ?', issuer, clientId)
      }),

    clientUse: (issuer, clientId) =>
      reading(() => {
        const kept = row('SELECT 1 FROM registrations WHERE issuer = ? AND client_id = ?', issuer, clientId)
        const it = row(
          'SELECT uri, access_token FROM client_management WHERE issuer = ? AND client_id = ?',
          issuer,
          clientId
        )
        const users = rows(
          'SELECT server FROM grants WHERE issuer = ? AND client_id = ? ORDER BY server',
          issuer,
          clientId
        )
        return {
          servers: users.map(({ server }) => String(server)),
          isKept: kept !== undefined,
          management: it ? { uri: String(it.uri), accessToken: new Secret(String(it.access_token)) } : null
        }
      }),

    forgetManagement: (issuer, clientId) =>
      writing(() => {
        run('DELETE FROM client_management WHERE issuer = ? AND client_id = ?', issuer, clientId)
      })
  }
}
