// Read of a token: from the vault alone, and by the whole way through the router that a door's `readToken` takes.
// Beside them the bare row from plain SQLite, as the least such a read can cost.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Core } from '../../app/core/core.ts'
import { fill, inFolder, openCoreIn, vaultOpener } from './bench.fixture.ts'
import { interleave, median, type Part, rowOf, timed } from './stats.ts'

const rounds = 40
const batch = 250
const counts = [1, 200] as const

export function measureRead(): Promise<Part> {
  return inFolder(async (folder) => {
    const plainDb = new Database(join(folder, 'plain.db'))
    plainDb.pragma('journal_mode=WAL')
    plainDb.exec('CREATE TABLE grants (server TEXT PRIMARY KEY, tokens TEXT NOT NULL) STRICT')
    plainDb.prepare('INSERT INTO grants VALUES (?, ?)').run('s-0', 'a'.repeat(2000))
    const select = plainDb.prepare('SELECT * FROM grants WHERE server = ?')

    const open = vaultOpener()
    const openFilled = async (count: number) => {
      const vault = await open(join(folder, `vault-${count}.db`))
      await fill(vault, count, 3_600_000, 'http://127.0.0.1:9/token')
      const core = await openCoreIn(folder, vault)
      return { vault, core }
    }
    const few = await openFilled(counts[0])
    const many = await openFilled(counts[1])

    /** µs for each of a batch. */
    const each = async (read: () => unknown) =>
      (1000 / batch) *
      (await timed(async () => {
        for (let n = 0; n < batch; n++) await read()
      }))
    const readToken = async (core: Core) => {
      const reply = await core.handle('cli', 'readToken', { server: 's-0' })
      if (!reply.ok) throw new Error(reply.message)
    }
    const arms = {
      plain: () => each(() => select.get('s-0')),
      vault: () => each(() => many.vault.readGrant('s-0')),
      few: () => each(() => readToken(few.core)),
      many: () => each(() => readToken(many.core))
    }
    await interleave(5, arms)
    const values = await interleave(rounds, arms)
    await few.core.close()
    await many.core.close()
    plainDb.close()
    const perSecond = (us: readonly number[]) => Math.round(1e6 / median(us)).toLocaleString('en')
    return {
      name: 'read',
      title: 'Read of a token',
      about: `Batches of ${batch} in turn, time per read, the ratio to a bare SELECT of 2 KB from plain SQLite.`,
      rows: [
        rowOf('plain SQLite, one SELECT', 'µs', values.plain, values.plain),
        rowOf('vault.readGrant', 'µs', values.vault, values.plain),
        rowOf(`readToken through the router, ${counts[0]} server`, 'µs', values.few, values.plain),
        rowOf(`readToken through the router, ${counts[1]} servers`, 'µs', values.many, values.plain)
      ],
      notes: [
        `Per second: readGrant ${perSecond(values.vault)}, readToken ${perSecond(values.few)} with ${counts[0]} server and ${perSecond(values.many)} with ${counts[1]}.`
      ]
    }
  })
}
