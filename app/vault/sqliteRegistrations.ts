// Client registrations on SQLite: those the next sign-in starts from, and how a client can be deleted at its server.
// The latter outlive the former, since grants keep copies of their client.
import { Secret } from '../base/secret.ts'
import { siteOf } from '../net/site.ts'
import type { ClientRegistration } from '../oauth/grant.ts'
import { bind, readRegistration, readServer } from './rows.ts'
import type { Statements } from './sqliteClientSignIns.ts'
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
  /** A registration of before belongs to a site if servers of that site alone have grants of its client. */
  function isFor(site: string, it: ClientRegistration): boolean {
    if (it.site !== '') return it.site === site
    const users = rows(
      'SELECT servers.* FROM servers JOIN grants ON server = id WHERE issuer = ? AND client_id = ?',
      it.issuer,
      it.clientId
    )
    const own = users.flatMap(readServer).filter(({ config }) => siteOf(config.url) === site)
    return own.length > 0 && own.length === users.length
  }

  return {
    registration: (issuer, redirectHost, site) =>
      reading(
        () =>
          rows('SELECT * FROM registrations WHERE issuer = ? ORDER BY registered_at DESC', issuer)
            .map(readRegistration)
            .find((it) => URL.parse(it.redirectUri)?.hostname === redirectHost && isFor(site, it)) ?? null
      ),

    saveRegistration: ({ management, ...it }) =>
      writing(() => {
        run(
          'INSERT OR REPLACE INTO registrations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
          it.issuer,
          it.redirectUri,
          it.clientId,
          bind(it.clientSecret),
          it.clientSecretExpiresAt,
          it.clientAuth,
          it.registeredAt,
          it.scope ?? null,
          it.site,
          it.allowedScope ?? null
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
        const kept = row(
          // One of before is found by its grants alone, so that without any it is kept for nobody.
          "SELECT 1 FROM registrations WHERE issuer = ? AND client_id = ? AND site <> ''",
          issuer,
          clientId
        )
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
