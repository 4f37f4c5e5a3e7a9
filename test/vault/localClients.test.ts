// Migrations on a vault of each older version, and the bounds of what is kept of local clients.
// The old schema is the real one; the copy made first is opened with the same key.
import { expect, test } from 'vitest'
import { expose, Secret } from '../../app/base/secret.ts'
import { connect } from '../../app/vault/connection.ts'
import { migrations } from '../../app/vault/migrations.ts'
import { openVault } from '../../app/vault/open.ts'
import { goodBackups } from '../../app/vault/recovery.ts'
import { plantedTokens, sampleGrant, sampleServer, vaultSetting } from './vault.fixture.ts'

const now = 1_800_000_000_000
const day = 24 * 3_600_000
const client = (id: string, registeredAt = now) => ({
  id,
  name: `Client ${id}`,
  redirectUris: ['http://127.0.0.1/cb'],
  registeredAt,
  approvedAt: null
})
const key = (over: object) => ({
  ...{
    id: 'k',
    name: 'ci',
    madeAt: now,
    expiresAt: now + 90 * day,
    idleMs: 90 * day,
    isPublic: false,
    servers: ['notes']
  },
  ...over
})
const signIn = (id: string, servers = ['notes']) => ({ id, client: 'a', servers, begunAt: now, endsAt: null })
const code = (hash: string) => ({ hash, redirectUri: 'http://127.0.0.1/cb', challenge: 'c', expiresAt: now + 1000 })
const pair = (name: string, length = day) => ({
  access: { hash: `access-${name}`, expiresAt: now + length },
  refresh: { hash: `refresh-${name}`, expiresAt: now + length }
})

async function filled() {
  const vault = await openVault(vaultSetting())
  await vault.addServer(sampleServer(), {})
  await vault.addServer(sampleServer('other'), {})
  await vault.local.addClient(client('a'), 10, [])
  return vault
}

test.each(migrations.slice(0, -1))(
  'a vault of version $version keeps everything, and an encrypted copy of it is made first',
  async ({ version }) => {
    const setting = vaultSetting({ migrations: migrations.slice(0, version) })
    const old = await openVault(setting)
    await old.addServer(sampleServer(), { grant: sampleGrant() })
    await old.close()
    const db = connect(setting.path, new Secret([...setting.keychain.items.values()][0]!))
    db.prepare(
      `INSERT INTO registrations (issuer, redirect_uri, client_id, client_auth, registered_at)
       VALUES ('https://issuer.example', 'http://127.0.0.1:1/callback', 'client-1', 'none', 1)`
    ).run()
    db.close()
    const { migrations: _, ...today } = setting
    const vault = await openVault(today)
    expect(expose((await vault.readGrant('notes'))!.accessToken)).toBe(plantedTokens[0])
    expect(await vault.servers()).toEqual([{ config: sampleServer(), health: null, proposals: [] }])
    // It stays with the site whose grant has its client.
    const registration = (site: string) => vault.registration('https://issuer.example', '127.0.0.1', site)
    expect(await registration('notes.example')).toMatchObject({ clientId: 'client-1', scope: null })
    expect(await registration('tools.evil.example')).toBeNull()
    await vault.local.addKey(key({}), 'hash')
    expect(await vault.local.keys()).toMatchObject([{ name: 'ci', servers: ['notes'] }])
    expect(await vault.icon('notes')).toBeNull()
    await vault.saveIcon('notes', 'data:image/png;base64,AA==')
    expect(await vault.icon('notes')).toBe('data:image/png;base64,AA==')
    expect(await vault.check()).toEqual([])
    await vault.close()
    expect(await goodBackups(today)).toContainEqual(expect.objectContaining({ version }))
  }
)

test('a vault in which clients were always allowed keeps their sign-ins and what was allowed ahead, but asks at the next', async () => {
  const setting = vaultSetting({ migrations: migrations.slice(0, 8) })
  const old = await openVault(setting)
  await old.addServer(sampleServer(), {})
  await old.close()
  const db = connect(setting.path, new Secret([...setting.keychain.items.values()][0]!))
  db.exec(`
    INSERT INTO local_clients VALUES ('a', 'Client a', '["http://127.0.0.1/cb"]', ${now}, ${now});
    INSERT INTO local_consents VALUES ('a', 'http://127.0.0.1/cb', 'notes', ${now});
    INSERT INTO local_sign_ins VALUES ('s', 'a', ${now}, NULL);
    INSERT INTO local_tokens VALUES ('access', 'access', 's', ${now + day}, NULL, NULL);
    INSERT INTO local_tokens VALUES ('refresh', 'refresh', 's', ${now + day}, NULL, NULL);
    INSERT INTO local_early_consents VALUES ('e', 'Robot', 'loopback', 1, ${now + day});
    INSERT INTO local_reach VALUES ('s', 'notes'), ('e', 'notes');
  `)
  db.close()
  const { migrations: _, ...today } = setting
  const vault = await openVault(today)
  const { local } = vault
  expect(await local.holder('access', now)).toMatchObject({ client: 'a', servers: ['notes'] })
  expect(await local.rotate('refresh', 'seed', now, pair('2'))).toBe(true)
  expect(await local.clients(now)).toMatchObject([{ id: 'a', servers: ['notes'], always: ['notes'] }])
  expect(await local.earlyConsents(now)).toMatchObject([{ name: 'Robot', servers: ['notes'], givenAt: 0 }])
  expect(await vault.check()).toEqual([])
  await vault.close()
})

test('keys of a vault that knew no ends go on as they were, and get an end that moves with their use', async () => {
  const setting = vaultSetting({ migrations: migrations.slice(0, 9) })
  const old = await openVault(setting)
  await old.addServer(sampleServer(), {})
  await old.close()
  const db = connect(setting.path, new Secret([...setting.keychain.items.values()][0]!))
  db.exec(`
    INSERT INTO local_keys VALUES ('endless', 'Cursor: notes', 'h1', 1, NULL), ('ending', 'ci', 'h2', 1, ${now + 9 * day});
    INSERT INTO local_reach VALUES ('endless', 'notes'), ('ending', 'notes');
  `)
  db.close()
  const { migrations: _, ...today } = setting
  const vault = await openVault(today)
  const { local } = vault
  for (const hash of ['h1', 'h2'])
    expect(await local.holder(hash, now)).toMatchObject({ servers: ['notes'], isPublic: true })
  expect(await local.sweep(now, [])).toEqual({ signIns: [], keys: [] })
  const ends = async () => (await local.keys()).map(({ id, expiresAt }) => [id, (expiresAt! - now) / day])
  expect(await ends()).toEqual([
    ['endless', 90],
    ['ending', 9]
  ])
  const use = { name: 'x', kind: 'key' as const, server: 'notes', firstAt: now, requests: 1 }
  await local.noteUses(['endless', 'ending'].map((client) => ({ ...use, client, lastAt: now + 2 * day })))
  expect(await ends()).toEqual([
    ['endless', 92],
    ['ending', 9]
  ])
  expect(await local.endKey('endless', now + day)).toBe(true)
  await local.noteUses([{ ...use, client: 'endless', lastAt: now + 2 * day }])
  expect((await ends())[0]).toEqual(['endless', 1])
  expect(await local.endKey('endless', now + 5 * day)).toBe(true)
  expect((await ends())[0]).toEqual(['endless', 1])
  expect(await local.endKey('nobody', now)).toBe(false)
  expect(await local.sweep(now + day, [])).toEqual({ signIns: [], keys: ['endless'] })
  expect(await vault.check()).toEqual([])
  await vault.close()
})

test('of registrations nobody approved only the newest are kept, and those for a day', async () => {
  const { local } = await filled()
  for (const [n, id] of ['b', 'c', 'd'].entries()) await local.addClient(client(id, now + n), 2, [])
  const kept = await Promise.all(['a', 'b', 'c', 'd'].map((id) => local.client(id)))
  expect(kept.map((it) => it !== null)).toEqual([false, false, true, true])
  await local.sweep(now + 3 + day, [])
  expect(await local.client('d')).toBeNull()
})

test('an allowed client that has yet to come for its code makes room for nobody until its code ends', async () => {
  const { local } = await filled()
  await local.approve(signIn('s'), code('code'))
  for (const id of ['b', 'c']) await local.addClient(client(id, now + 1), 1, [])
  const known = async () => Promise.all(['a', 'b', 'c'].map(async (id) => (await local.client(id)) !== null))
  expect(await known()).toEqual([true, false, true])
  expect((await local.clients(now)).map(({ id }) => id)).toEqual(['a'])
  await local.sweep(now + 1000, [])
  expect(await local.clients(now + 1000)).toEqual([])
  await local.addClient(client('d', now + 2), 1, [])
  expect(await known()).toEqual([false, false, false])
})

test('a client was let in when a person last did so, whichever code it came with last', async () => {
  const { local } = await filled()
  await local.approve(signIn('first'), code('one'))
  await local.approve({ ...signIn('second'), begunAt: now + 5 }, code('two'))
  for (const name of ['second', 'first']) await local.savePair(name, pair(name))
  expect((await local.client('a'))?.approvedAt).toBe(now + 5)
})

test('what ends is swept: codes, tokens, sign-ins; an approved client stays for a year', async () => {
  const { local } = await filled()
  await local.approve(signIn('s'), code('code'))
  expect(await local.spendCode('code', now)).toMatchObject({ usedAt: null, signIn: { servers: ['notes'] } })
  expect(await local.spendCode('code', now + 1)).toMatchObject({ usedAt: now })
  expect(await local.savePair('s', pair('1'))).toBe(true)
  expect(await local.holder('access-1', now)).toMatchObject({ client: 'a', kind: 'oauth', servers: ['notes'] })
  expect(await local.holder('refresh-1', now)).toBeNull()
  expect(await local.clients(now)).toMatchObject([{ id: 'a', servers: ['notes'], always: ['notes'], lastUse: null }])
  expect(await local.holder('access-1', now + day)).toBeNull()
  await local.sweep(now + day, [])
  expect(await local.signInOf('access-1')).toBeNull()
  expect(await local.savePair('s', pair('2'))).toBe(false)
  expect(await local.client('a')).not.toBeNull()
  await local.sweep(now + 365 * day, [])
  expect(await local.client('a')).toBeNull()
})

test('a removed server takes every right to it along, and its name gives nothing back', async () => {
  const vault = await filled()
  const { local } = vault
  await local.approve(signIn('s', ['notes', 'other']), code('code'))
  await local.savePair('s', pair('1'))
  await local.addKey(key({}), 'key')
  await vault.removeServer('notes')
  await vault.addServer(sampleServer(), {})
  expect(await local.holder('access-1', now)).toMatchObject({ servers: ['other'] })
  expect(await local.holder('key', now)).toMatchObject({ servers: [] })
  expect(await local.clients(now)).toMatchObject([{ servers: ['other'], always: ['other'] }])
})

test('rotation has one winner, and a removed client takes its tokens along', async () => {
  const { local } = await filled()
  await local.approve(signIn('s'), code('code'))
  await local.savePair('s', pair('1'))
  expect(await local.rotate('refresh-1', 'seed', now, pair('2'))).toBe(true)
  expect(await local.rotate('refresh-1', 'seed', now, pair('3'))).toBe(false)
  expect(await local.refreshToken('refresh-1')).toMatchObject({ replacedAt: now, seed: 'seed' })
  expect(await local.refreshToken('access-1')).toBeNull()
  expect(await local.remove('a')).toBe(true)
  expect(await local.remove('a')).toBe(false)
  expect(await local.holder('access-2', now)).toBeNull()
})

test('a client that refreshes without an end fills nothing: the newest hundred of a sign-in are kept', async () => {
  const { local } = await filled()
  await local.approve(signIn('s'), code('code'))
  await local.savePair('s', pair('0'))
  for (let n = 0; n < 105; n++)
    expect(await local.rotate(`refresh-${n}`, 'seed', now + n, pair(`${n + 1}`, day + n))).toBe(true)
  const known = async (name: string) => (await local.signInOf(name)) !== null
  expect(await Promise.all([4, 5, 104, 105].map((n) => known(`refresh-${n}`)))).toEqual([false, true, true, true])
  expect(await Promise.all([5, 6, 105].map((n) => known(`access-${n}`)))).toEqual([false, true, true])
})

test('activity is kept as stretches, at most 200 a client', async () => {
  const { local } = await filled()
  const use = (at: number) => ({
    client: 'a',
    name: 'Client a',
    kind: 'oauth' as const,
    server: 'notes',
    firstAt: at,
    lastAt: at,
    requests: 2
  })
  await local.noteUses([use(now), use(now + 60_000)])
  expect(await local.uses(10)).toMatchObject([{ firstAt: now, lastAt: now + 60_000, requests: 4 }])
  await local.noteUses(Array.from({ length: 250 }, (_, n) => use(now + (n + 1) * 3_600_000)))
  const kept = await local.uses(1000, 'a')
  expect(kept).toHaveLength(200)
  expect(kept[0]!.lastAt).toBe(now + 250 * 3_600_000)
})
