// The vault's promises, one by one, on a vault in memory: grants, generations, journal, history, registrations.
// What concerns the file itself is in open.test.ts and durability.test.ts.
import { describe, expect, test } from 'vitest'
import { expose, Secret } from '../../app/base/secret.ts'
import type { Health } from '../../app/contract/health.ts'
import { proposeQuirk } from '../../app/contract/quirks.ts'
import type { HistoryEvent } from '../../app/contract/views.ts'
import { newHealth } from '../../app/health/questions.ts'
import { outlineOf } from '../../app/keeper/grantFacts.ts'
import { connect } from '../../app/vault/connection.ts'
import { migrate } from '../../app/vault/migrations.ts'
import { openVault } from '../../app/vault/open.ts'
import { readHealth } from '../../app/vault/rows.ts'
import { createSqliteVault } from '../../app/vault/sqlite.ts'
import { failure, plantedTokens, sampleGrant, sampleServer, sampleTokens, vaultSetting } from './vault.fixture.ts'

function memoryVault() {
  const db = connect(':memory:', null)
  migrate(db, ':memory:', () => {})
  return { db, vault: createSqliteVault(db, ':memory:', 'throwaway') }
}

async function vaultWithGrant() {
  const made = memoryVault()
  await made.vault.addServer(sampleServer(), { grant: sampleGrant() })
  return made
}

const health: Health = {
  state: {
    kind: 'waiting',
    since: 1,
    attempt: 3,
    nextAt: 9,
    report: { fault: 'busy', at: 5, detail: '503', retryAfter: 10 }
  },
  paused: false,
  grant: {
    generation: 1,
    obtainedAt: 1,
    expiresAt: null,
    expirySource: 'none',
    refreshExpiresAt: null,
    refreshExtends: true,
    renewable: true,
    restored: false
  },
  signIn: null,
  lastAttemptAt: 5,
  lostAt: null,
  refusals: ['invalid_request'],
  dead: null,
  scopeNeededAt: 5,
  acceptedAt: null
}

test('the health that an earlier version saved is read as one without what it did not know', () => {
  const { scopeNeededAt, refusals, dead, ...before } = newHealth
  expect(readHealth('one', JSON.stringify(before))).toEqual({ ...before, scopeNeededAt, refusals, dead })
})

describe('servers', () => {
  test('are listed in the order added, with their settings and health as saved', async () => {
    const { vault } = memoryVault()
    await vault.addServer(sampleServer('zebra'), {})
    await vault.addServer(sampleServer('apple'), {})
    await vault.saveHealth('zebra', health)
    const seen = [proposeQuirk('omitResource', 'It was refused.')]
    await vault.saveProposals('apple', seen)
    expect(await vault.servers()).toEqual([
      { config: sampleServer('zebra'), health, proposals: [] },
      { config: sampleServer('apple'), health: null, proposals: seen }
    ])
    await vault.saveProposals('apple', [])
    expect((await vault.servers())[1]?.proposals).toEqual([])
    await vault.updateServer({ ...sampleServer('apple'), name: 'Apple' })
    expect((await vault.servers())[1]?.config.name).toBe('Apple')
    await vault.removeServer('zebra')
    expect((await vault.servers()).map((it) => it.config.id)).toEqual(['apple'])
  })

  test('what was proposed in words this version does not know is proposed no more, and loses nothing else', async () => {
    const { db, vault } = memoryVault()
    await vault.addServer(sampleServer(), {})
    await vault.saveHealth('notes', health)
    for (const column of ['{nonsense', '[{"change":{"quirks":{"ofTomorrow":true}}}]']) {
      db.prepare('UPDATE servers SET proposals = ?').run(column)
      expect(await vault.servers()).toEqual([{ config: sampleServer(), health, proposals: [] }])
      expect(await vault.check()).toEqual([])
    }
  })

  test('a second one of the same id is refused and changes nothing', async () => {
    const { vault } = await vaultWithGrant()
    const second = vault.addServer({ ...sampleServer(), name: 'Other' }, { grant: sampleGrant() })
    expect((await failure(second)).code).toBe('serverExists')
    expect((await vault.servers())[0]?.config.name).toBe('Notes')
    expect((await vault.readGrant('notes'))?.generation).toBe(1)
  })

  test('keep the secret of a pre-registered client', async () => {
    const { vault } = memoryVault()
    await vault.addServer(sampleServer(), { clientSecret: new Secret('s3cret') })
    expect(expose((await vault.clientSecret('notes'))!)).toBe('s3cret')
    expect(await vault.clientSecret('other')).toBeNull()
  })

  test('an unknown one is named in the error of every write that needs it', async () => {
    const { vault } = memoryVault()
    const event: HistoryEvent = { at: 1, kind: 'added', fault: null, detail: '', expiresAt: null }
    for (const attempt of [
      () => vault.updateServer(sampleServer('ghost')),
      () => vault.removeServer('ghost'),
      () => vault.saveHealth('ghost', health),
      () => vault.saveProposals('ghost', []),
      () => vault.commitSignIn('ghost', sampleGrant()),
      () => vault.appendEvent('ghost', event)
    ]) {
      const { code, message } = await failure(attempt())
      expect(code).toBe('serverUnknown')
      expect(message).toContain('ghost')
    }
  })

  test('FM-24 one unreadable row loses no other, and check() names it', async () => {
    const { db, vault } = memoryVault()
    for (const id of ['good', 'bad-config', 'bad-health'])
      await vault.addServer(sampleServer(id), { grant: sampleGrant() })
    db.prepare("UPDATE servers SET config = '{nonsense' WHERE id = 'bad-config'").run()
    db.prepare(`UPDATE servers SET health = '{"state":7}' WHERE id = 'bad-health'`).run()
    expect((await vault.servers()).map((it) => it.config.id)).toEqual(['good', 'bad-health'])
    const problems = await vault.check()
    expect(problems).toHaveLength(2)
    expect(problems.join()).toMatch(/"bad-config".*"bad-health"/)
  })
})

describe('grants', () => {
  test('come back as stored, field by field', async () => {
    const { vault } = await vaultWithGrant()
    const grant = (await vault.readGrant('notes'))!
    expect([grant.accessToken, grant.refreshToken!, grant.shape.clientSecret!].map(expose)).toEqual(plantedTokens)
    expect(grant).toEqual({ ...sampleGrant(), generation: 1, startedAt: null, restored: false })
  })

  test('FM-04 beginRefresh records the attempt and returns the grant to use', async () => {
    const { vault } = await vaultWithGrant()
    expect(await vault.beginRefresh('notes', 77)).toMatchObject({ generation: 1, startedAt: 77 })
    expect((await vault.readGrant('notes'))?.startedAt).toBe(77)
    expect(await vault.beginRefresh('other', 77)).toBeNull()
  })

  test('FM-04 beginRefresh fails if nothing can be written, before the token could be used', async () => {
    const { db, vault } = await vaultWithGrant()
    db.pragma('query_only=ON')
    expect((await failure(vault.beginRefresh('notes', 77))).code).toBe('vaultUnwritable')
    db.pragma('query_only=OFF')
    expect((await vault.readGrant('notes'))?.startedAt).toBeNull()
  })

  test('a commit raises the generation by one and clears the journal', async () => {
    const { vault } = await vaultWithGrant()
    await vault.beginRefresh('notes', 77)
    const tokens = sampleTokens({
      accessToken: new Secret('a2'),
      refreshToken: new Secret('r2'),
      refreshExpiresAt: null
    })
    expect(await vault.commitRefresh('notes', 1, tokens)).toBe('committed')
    const grant = (await vault.readGrant('notes'))!
    expect(grant).toMatchObject({ generation: 2, startedAt: null, refreshExpiresAt: null })
    expect([expose(grant.accessToken), expose(grant.refreshToken!)]).toEqual(['a2', 'r2'])
    expect(grant.shape).toEqual(sampleGrant().shape)
  })

  test('a commit stores health and history with the tokens, or nothing of all three', async () => {
    const { db, vault } = await vaultWithGrant()
    const event: HistoryEvent = { at: 5, kind: 'refreshed', fault: null, detail: 'Refreshed', expiresAt: null }
    const news = { health: { ...newHealth, lastAttemptAt: 4 }, event }
    expect(await vault.commitRefresh('notes', 7, sampleTokens(), news)).toBe('superseded')
    db.exec("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no room'); END")
    await expect(vault.commitRefresh('notes', 1, sampleTokens(), news)).rejects.toThrow('no room')
    expect(await vault.readGrant('notes')).toMatchObject({ generation: 1 })
    expect([(await vault.servers())[0]!.health, await vault.events('notes', 9)]).toEqual([null, []])
    db.exec('DROP TRIGGER full')
    expect(await vault.commitRefresh('notes', 1, sampleTokens(), news)).toBe('committed')
    expect([(await vault.servers())[0]!.health, await vault.events('notes', 9)]).toEqual([news.health, [event]])
    expect(await vault.commitSignIn('notes', sampleGrant())).toBe(3)
  })

  test('FM-02 the second write with the same generation is superseded and changes nothing', async () => {
    const { vault } = await vaultWithGrant()
    await vault.commitRefresh('notes', 1, sampleTokens({ accessToken: new Secret('winner') }))
    await vault.beginRefresh('notes', 88)
    expect(await vault.commitRefresh('notes', 1, sampleTokens({ accessToken: new Secret('loser') }))).toBe('superseded')
    expect(await vault.deleteGrant('notes', 1)).toBe('superseded')
    await vault.endRefresh('notes', 1)
    const grant = (await vault.readGrant('notes'))!
    expect(expose(grant.accessToken)).toBe('winner')
    expect(grant).toMatchObject({ generation: 2, startedAt: 88 })
  })

  test('FM-02 no generation is ever used twice, even if a server is removed and added again', async () => {
    const { vault } = await vaultWithGrant()
    expect(await vault.deleteGrant('notes', 1)).toBe('committed')
    expect(await vault.readGrant('notes')).toBeNull()
    expect(await vault.commitSignIn('notes', sampleGrant())).toBe(2)
    await vault.removeServer('notes')
    await vault.addServer(sampleServer(), { grant: sampleGrant() })
    expect((await vault.readGrant('notes'))?.generation).toBe(3)
    expect(await vault.commitRefresh('notes', 1, sampleTokens())).toBe('superseded')
  })

  test('endRefresh takes the journal entry back where nothing came between', async () => {
    const { vault } = await vaultWithGrant()
    await vault.beginRefresh('notes', 77)
    await vault.endRefresh('notes', 1)
    expect(await vault.readGrant('notes')).toMatchObject({ startedAt: null, generation: 1 })
  })

  test('a restored one is so until the person says it may be tried, or a new one is stored', async () => {
    const { db, vault } = await vaultWithGrant()
    db.prepare('UPDATE grants SET restored = 1').run()
    expect((await vault.readGrant('notes'))?.restored).toBe(true)
    await vault.clearRestored('notes')
    expect((await vault.readGrant('notes'))?.restored).toBe(false)
    db.prepare('UPDATE grants SET restored = 1').run()
    await vault.commitRefresh('notes', 1, sampleTokens())
    expect((await vault.readGrant('notes'))?.restored).toBe(false)
  })

  test('one that cannot be read is an error that names the server and nothing it holds', async () => {
    const { db, vault } = await vaultWithGrant()
    await vault.addServer(sampleServer('other'), { grant: sampleGrant() })
    db.prepare("UPDATE grants SET client_auth = 'carrier pigeon' WHERE server = 'notes'").run()
    const { code, message } = await failure(vault.readGrant('notes'))
    expect(code).toBe('vaultDamaged')
    expect(message).toMatch(/"notes".*client_auth/)
    for (const token of plantedTokens) expect(message).not.toContain(token)
    expect((await vault.readGrant('other'))?.generation).toBe(1)
    expect(await vault.check()).toEqual([message])
  })
})

describe('registrations', () => {
  const kept = {
    issuer: 'https://issuer.example',
    redirectUri: 'http://127.0.0.1:4141/callback',
    clientId: 'c1',
    clientSecret: new Secret('cs'),
    clientSecretExpiresAt: null,
    clientAuth: 'client_secret_post',
    registeredAt: 5,
    site: 'notes.example'
  } as const

  test('are found by issuer and host of the redirect URI, and forgotten by client', async () => {
    const { vault } = memoryVault()
    await vault.saveRegistration(kept)
    await vault.saveRegistration({
      ...kept,
      redirectUri: 'http://localhost:4141/callback',
      clientId: 'c2',
      clientSecret: null
    })
    expect(await vault.registration(kept.issuer, '127.0.0.1', kept.site)).toEqual({
      ...kept,
      scope: null,
      allowedScope: null
    })
    const scopes = { scope: 'read write', allowedScope: 'read' }
    await vault.saveRegistration({ ...kept, ...scopes })
    expect(await vault.registration(kept.issuer, '127.0.0.1', kept.site)).toEqual({ ...kept, ...scopes })
    expect((await vault.registration(kept.issuer, 'localhost', kept.site))?.clientId).toBe('c2')
    expect(await vault.registration('https://other.example', '127.0.0.1', kept.site)).toBeNull()
    await vault.forgetRegistration(kept.issuer, 'c1')
    expect(await vault.registration(kept.issuer, '127.0.0.1', kept.site)).toBeNull()
    expect((await vault.registration(kept.issuer, 'localhost', kept.site))?.clientId).toBe('c2')
  })

  test('are found for the site they were made for, and for no other', async () => {
    const { vault } = memoryVault()
    await vault.saveRegistration(kept)
    await vault.saveRegistration({ ...kept, clientId: 'c2', site: 'other.example' })
    const found = async (site: string) => (await vault.registration(kept.issuer, '127.0.0.1', site))?.clientId
    expect([await found('notes.example'), await found('other.example'), await found('third.example')]).toEqual([
      'c1',
      'c2',
      undefined
    ])
  })

  test('of a version that knew no sites belong to the site of the grants of their client, if it is one', async () => {
    const { vault } = memoryVault()
    const { issuer, clientId } = sampleGrant().shape as { issuer: string; clientId: string }
    const before = { ...kept, issuer, clientId, site: '' }
    await vault.saveRegistration(before)
    const found = async () => (await vault.registration(issuer, '127.0.0.1', 'notes.example'))?.clientId
    expect(await found()).toBeUndefined()
    await vault.addServer(sampleServer(), { grant: sampleGrant() })
    expect(await found()).toBe(clientId)
    await vault.addServer(sampleServer('other'), { grant: sampleGrant() })
    expect(await found()).toBeUndefined()
    expect(await vault.clientUse(issuer, clientId)).toMatchObject({ servers: ['notes', 'other'], isKept: false })
  })

  test('a later one for the same issuer and redirect URI takes the earlier one’s place', async () => {
    const { vault } = memoryVault()
    await vault.saveRegistration(kept)
    await vault.saveRegistration({ ...kept, clientId: 'c9', registeredAt: 6 })
    expect((await vault.registration(kept.issuer, '127.0.0.1', kept.site))?.clientId).toBe('c9')
  })
})

describe('what a start loads', () => {
  const event = (at: number): HistoryEvent => ({ at, kind: 'refreshed', fault: null, detail: 'ok', expiresAt: 9 })

  test('is each server with its grant without secrets and its last event, in the order of adding', async () => {
    const { vault } = memoryVault()
    for (const id of ['zebra', 'apple', 'new']) await vault.addServer(sampleServer(id), {})
    for (const id of ['zebra', 'apple']) await vault.commitSignIn(id, sampleGrant())
    await vault.beginRefresh('apple', 77)
    await vault.saveHealth('zebra', health)
    await vault.appendEvent('zebra', event(1))
    await vault.appendEvent('apple', event(2))
    await vault.appendEvent('zebra', event(3))
    const grantOf = async (id: string) => outlineOf((await vault.readGrant(id))!)
    const rest = { proposals: [], health: null }
    const expected = [
      { ...rest, config: sampleServer('zebra'), health, grant: await grantOf('zebra'), lastEvent: event(3) },
      { ...rest, config: sampleServer('apple'), grant: await grantOf('apple'), lastEvent: event(2) },
      { ...rest, config: sampleServer('new'), grant: null, lastEvent: null }
    ]
    const records = await vault.serverRecords()
    expect(records).toEqual(expected)
    expect([await vault.serverRecord('apple'), await vault.serverRecord('none')]).toEqual([expected[1], null])
    expect(JSON.stringify(records)).not.toContain(plantedTokens[0])
    expect(records[0]!.config.schedule).toBe(records[1]!.config.schedule)
  })

  test('leaves out settings, health and events that cannot be read, and rejects for a grant', async () => {
    const { db, vault } = memoryVault()
    for (const id of ['good', 'bad-settings', 'bad-health', 'bad-event'])
      await vault.addServer(sampleServer(id), { grant: sampleGrant() })
    await vault.appendEvent('bad-event', event(1))
    db.exec(`UPDATE servers SET config = '{}' WHERE id = 'bad-settings'; UPDATE servers SET health = '{' WHERE id = 'bad-health';
      UPDATE events SET kind = 'carrier pigeon'`)
    const records = await vault.serverRecords()
    expect(records.map(({ config }) => config.id)).toEqual(['good', 'bad-health', 'bad-event'])
    expect(records.map(({ health, lastEvent }) => health ?? lastEvent)).toEqual([null, null, null])
    db.exec("UPDATE grants SET registration = 'carrier pigeon' WHERE server = 'good'")
    const { code, message } = await failure(vault.serverRecords())
    expect([code, message]).toEqual(['vaultDamaged', expect.stringContaining('"good"')])
  })
})

test('history is newest first, and the newest 1,000 per server are kept', async () => {
  const { vault, db } = memoryVault()
  await vault.addServer(sampleServer('busy'), {})
  await vault.addServer(sampleServer('calm'), {})
  const event = (at: number): HistoryEvent => ({ at, kind: 'refreshed', fault: null, detail: 'ok', expiresAt: 9 })
  await vault.appendEvent('calm', event(0))
  for (let at = 1; at <= 1005; at++) await vault.appendEvent('busy', event(at))
  expect(await vault.events('busy', 2)).toEqual([event(1005), event(1004)])
  expect((await vault.events('busy', 5000)).at(-1)).toEqual(event(6))
  for (let at = 1006; at <= 1100; at++) await vault.appendEvent('busy', event(at))
  expect((await vault.events('busy', 5000)).at(-1)).toEqual(event(101))
  // Older ones go several at a time.
  expect(db.prepare('SELECT count(*) FROM events').pluck().get()).toBeLessThan(1 + 1000 + 32)
  expect(await vault.events('calm', 10)).toEqual([event(0)])
  // A server of the same name begins anew, and a write that fails counts for nothing.
  await vault.removeServer('busy')
  await vault.addServer(sampleServer('busy'), {})
  db.exec("CREATE TRIGGER full BEFORE INSERT ON events WHEN new.at < 0 BEGIN SELECT RAISE(ABORT, 'no room'); END")
  for (let at = 1; at <= 1050; at++) {
    if (at % 100 === 0) await expect(vault.appendEvent('busy', event(-1))).rejects.toThrow('no room')
    await vault.appendEvent('busy', event(at))
  }
  expect((await vault.events('busy', 5000)).map(({ at }) => at)).toEqual(
    Array.from({ length: 1000 }, (_, n) => 1050 - n)
  )
})

describe('starts without a clean end', () => {
  const minute = 60_000

  test('a start counts from its first refresh on, until it ends cleanly', async () => {
    const setting = vaultSetting()
    const first = await openVault(setting)
    await first.addServer(sampleServer(), { grant: sampleGrant() })
    await first.beginRefresh('notes', 1)
    await first.close()
    const second = await openVault(setting)
    expect(await second.uncleanStarts()).toBe(0)
    await second.beginRefresh('notes', 2)
    // Killed here: another start finds the file as it is now.
    const third = await openVault(setting)
    expect(await third.uncleanStarts()).toBe(1)
    await third.close()
    const fourth = await openVault(setting)
    expect(await fourth.uncleanStarts()).toBe(1)
    await fourth.beginRefresh('notes', 3)
    expect(await fourth.uncleanStarts()).toBe(1)
    await fourth.close()
    expect(await (await openVault(setting)).uncleanStarts()).toBe(0)
  })

  test('they add up, and a start that refreshes for a quarter of an hour begins anew', async () => {
    const { db, vault } = await vaultWithGrant()
    const restarted = () => createSqliteVault(db, ':memory:', 'throwaway')
    await vault.beginRefresh('notes', 0)
    for (const count of [1, 2, 3]) {
      const next = restarted()
      expect(await next.uncleanStarts()).toBe(count)
      await next.beginRefresh('notes', 0)
      await next.beginRefresh('notes', 14 * minute)
    }
    const steady = restarted()
    await steady.beginRefresh('notes', 0)
    expect(await restarted().uncleanStarts()).toBe(5)
    await steady.beginRefresh('notes', 15 * minute)
    expect(await restarted().uncleanStarts()).toBe(1)
  })

  test('a start whose count could not be written is counted with its next refresh, once', async () => {
    const { db, vault } = await vaultWithGrant()
    db.pragma('query_only = 1')
    expect(await failure(vault.beginRefresh('notes', 1))).toMatchObject({ code: 'vaultUnwritable' })
    db.pragma('query_only = 0')
    await vault.beginRefresh('notes', 2)
    await vault.beginRefresh('notes', 3)
    expect(await createSqliteVault(db, ':memory:', 'throwaway').uncleanStarts()).toBe(1)
  })
})

test('a server’s icon is replaced, and gone with its server or when it has none any more', async () => {
  const vault = await openVault(vaultSetting())
  await vault.addServer(sampleServer(), {})
  await vault.addServer(sampleServer('other'), {})
  for (const id of ['notes', 'other'])
    for (const icon of ['data:1', 'data:2']) {
      await vault.saveIcon(id, icon)
      expect(await vault.icon(id)).toBe(icon)
    }
  await vault.saveIcon('other', null)
  await vault.removeServer('notes')
  await vault.addServer(sampleServer(), {})
  expect([await vault.icon('notes'), await vault.icon('other')]).toEqual([null, null])
  expect((await failure(vault.saveIcon('gone', 'data:1'))).code).toBe('serverUnknown')
  await vault.close()
})
