// Durable save: a refreshed grant stored by the vault, beside the same bytes in plain SQLite and in one bare synced write.
// "Plain" is the same build of SQLite with no cipher set: a second build of it would be a dependency for this alone.
import { closeSync, fdatasyncSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Secret } from '../../app/base/secret.ts'
import type { HistoryEvent } from '../../app/contract/views.ts'
import { newHealth } from '../../app/health/questions.ts'
import { type Connection, connect } from '../../app/vault/connection.ts'
import { readMount } from '../../app/vault/place.ts'
import type { RefreshRecord } from '../../app/vault/vault.ts'
import { fill, inFolder, tokensAt, vaultOpener } from './bench.fixture.ts'
import { interleave, type Part, rowOf, timed } from './stats.ts'

const rounds = 400
/** Enough commits for every log to have been written once from end to end: from then on no file grows. */
const warmUp = 1200

function upserter(db: Connection): (number: number) => void {
  db.exec('CREATE TABLE grants (server TEXT PRIMARY KEY, tokens TEXT NOT NULL) STRICT')
  const upsert = db.prepare('INSERT INTO grants VALUES (?, ?) ON CONFLICT DO UPDATE SET tokens = excluded.tokens')
  return (number) => {
    upsert.run('s-0', `${number}.`.padEnd(2000, 'a'))
  }
}

export function measureSave(): Promise<Part> {
  return inFolder(async (folder) => {
    const vault = await vaultOpener()(join(folder, 'vault.db'))
    await fill(vault, 1, 3_600_000, 'http://127.0.0.1:9/token')
    const plainDb = new Database(join(folder, 'plain.db'))
    plainDb.pragma('journal_mode=WAL')
    plainDb.pragma('synchronous=FULL')
    const encryptedPath = join(folder, 'encrypted.db')
    writeFileSync(encryptedPath, '')
    const encryptedDb = connect(encryptedPath, new Secret('0123456789abcdef'.repeat(4)))
    const [plain, encrypted] = [upserter(plainDb), upserter(encryptedDb)]
    const bytes = Buffer.alloc(2000, 'a')
    const file = openSync(join(folder, 'raw'), 'w')

    let generation = 1
    const event: HistoryEvent = { at: 1, kind: 'refreshed', fault: null, detail: 'Refreshed', expiresAt: null }
    const news = { health: { ...newHealth, lastAttemptAt: 1 }, event }
    const commit = async (news?: RefreshRecord) => {
      const result = await vault.commitRefresh('s-0', generation, tokensAt(Date.now(), generation), news)
      if (result !== 'committed') throw new Error('the vault took a save for superseded')
      generation++
    }
    const arms = {
      raw: () =>
        timed(() => {
          writeSync(file, bytes, 0, bytes.length, 0)
          fdatasyncSync(file)
        }),
      plain: (round: number) => timed(() => plain(round)),
      encrypted: (round: number) => timed(() => encrypted(round)),
      vault: () => timed(() => commit()),
      whole: () => timed(() => commit(news))
    }
    await interleave(warmUp, arms)
    const values = await interleave(rounds, arms)
    closeSync(file)
    plainDb.close()
    encryptedDb.close()
    await vault.close()
    return {
      name: 'save',
      title: 'Durable save of a refreshed grant, 2 KB',
      about:
        'One save each in turn, the ratio to plain SQLite (write-ahead log, `synchronous=FULL`, statement prepared once).',
      rows: [
        rowOf('plain SQLite, one upsert', 'ms', values.plain, values.plain),
        rowOf('one write and fdatasync', 'ms', values.raw, values.plain),
        rowOf('the same upsert, encrypted', 'ms', values.encrypted, values.plain),
        rowOf('vault.commitRefresh, the tokens alone', 'ms', values.vault, values.plain),
        rowOf('vault.commitRefresh with health and history', 'ms', values.whole, values.plain)
      ],
      notes: [
        'Plain: the same build of SQLite (better-sqlite3-multiple-ciphers) with no cipher set; better-sqlite3 itself is not measured here.',
        `File system: ${readMount(folder)?.type ?? 'unknown'}.`,
        'commitRefresh compares the generation and raises it, in a table of its own as well, so that it writes one page more than an upsert; health and history are three more.',
        'A refresh is three commits: the health that it is under way, the journal, and this one.'
      ]
    }
  })
}
