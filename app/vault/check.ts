// The vault's self-examination: every page in use is read, and with it authenticated, and every row is parsed.
// Its sentences name servers and fields, never contents.
import { TokentrayError } from '../contract/errors.ts'
import { sayProblem } from '../health/problems.ts'
import type { Connection } from './connection.ts'
import { readConfig, readEvent, readGrantRow, readHealth, readRegistration } from './rows.ts'

/** Sentences about what is wrong; empty when every page and row is sound. */
export function checkVault(db: Connection): string[] {
  const problems: string[] = []
  function examine(what: string, look: () => void): void {
    try {
      look()
    } catch (error) {
      problems.push(
        error instanceof TokentrayError
          ? error.message
          : `${what} could not be read: ${sayProblem((error as { code?: string }).code)}.`
      )
    }
  }
  const all = (sql: string) => db.prepare(sql).all() as Record<string, unknown>[]

  examine('A page of the vault', () => {
    // Pages in memory would hide what happened to those on disk.
    db.pragma('shrink_memory')
    for (const line of db.pragma('integrity_check', { simple: false }) as { integrity_check: string }[]) {
      if (line.integrity_check !== 'ok') problems.push(`A page of the vault is damaged: ${line.integrity_check}.`)
    }
    for (const line of db.pragma('foreign_key_check') as { table: string }[]) {
      problems.push(`A row of "${line.table}" does not belong to any server.`)
    }
  })
  examine('The list of servers', () => {
    for (const row of all('SELECT id, config, health FROM servers')) {
      examine('A server', () => readConfig(String(row.id), row.config))
      examine('A server', () => readHealth(String(row.id), row.health))
    }
  })
  examine('The list of grants', () => {
    for (const row of all('SELECT * FROM grants')) examine('A grant', () => readGrantRow(String(row.server), row))
  })
  examine('The list of registrations', () => {
    for (const row of all('SELECT * FROM registrations')) examine('A registration', () => readRegistration(row))
  })
  examine('The history', () => {
    for (const { server, ...row } of all('SELECT server, at, kind, fault, detail, expires_at AS expiresAt FROM events'))
      examine('An event', () => readEvent(String(server), row))
  })
  return problems
}
