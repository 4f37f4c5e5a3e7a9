// DESIGN's fault table, each row produced for real against a real authorization server, seen through the whole core.
// Each leads to the stated state, words and next attempt, and never to a lost grant.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { approve } from '../../app/demo/person.ts'
import { createSetting, type Setting } from '../core.fixture.ts'
import { forwardClock } from '../fakes/forwardClock.ts'

let s: Setting
afterEach(() => s.stop())

const ask = () =>
  s.call('server.refresh', { server: 'one' }).then(
    () => null,
    (error) => error.code as string
  )
const token = async () => (await s.call('readToken', { server: 'one', minValid: 0 })).token
const counts = () => {
  const kinds = s.authority.events.map(({ kind }) => kind)
  const count = (kind: string) => kinds.filter((each) => each === kind).length
  return {
    refreshed: count('refreshed'),
    reuse: count('reuseDetected') + count('reuseForgiven'),
    revoked: count('grantRevoked')
  }
}

/** The grant survived: the token read is the old one still, or after recovery a new one that the server accepts. */
async function recovers() {
  expect(await ask()).toBeNull()
  expect(await s.authority.validate(await token())).toBe(true)
  expect(s.view()).toMatchObject({ light: 'green', state: 'fresh', fault: null, attempt: 0 })
  expect(counts()).toMatchObject({ reuse: 0, revoked: 0 })
}

describe('FM-05 transient faults keep everything', () => {
  test('server down: offline', async () => {
    s = await createSetting({ schedule: { backoffFirst: 60_000 } })
    await s.signIn()
    const before = await token()
    await s.authority.goDown()
    expect(await ask()).toBe('serverUnreachable')
    expect(s.view()).toMatchObject({ light: 'amber', state: 'waiting', fault: 'offline', attempt: 1, action: null })
    expect(s.view().detail).toMatch(
      /could not be reached at \d\d:\d\d: the connection was refused \(ECONNREFUSED\)\. The current token works until/
    )
    expect(s.view().nextAt! - s.view().since!).toBe(60_000)
    expect(await token()).toBe(before)
    await s.authority.comeBack()
    await recovers()
  })

  test("503 with Retry-After: busy, and the server's own wish is kept", async () => {
    s = await createSetting()
    await s.signIn()
    s.authority.faults.next('503', 1, { retryAfter: 120 })
    expect(await ask()).toBe('serverBusy')
    expect(s.view()).toMatchObject({
      light: 'amber',
      fault: 'busy',
      words: 'Retrying · attempt 1 · the authorization server is busy'
    })
    expect(s.view().detail).toContain('was busy at')
    expect(s.view().nextAt! - s.view().since!).toBe(120_000)
    await recovers()
  })

  test.each([
    ['429', 'busy'],
    ['500', 'busy'],
    ['html', 'garbled'],
    ['garbled', 'garbled']
  ] as const)('%s: %s', async (kind, fault) => {
    s = await createSetting({ schedule: { backoffFirst: 60_000 } })
    await s.signIn()
    const before = await token()
    s.authority.faults.next(kind)
    expect(await ask()).toBe(fault === 'busy' ? 'serverBusy' : 'responseInvalid')
    expect(s.view()).toMatchObject({ light: 'amber', fault, attempt: 1 })
    expect(await token()).toBe(before)
    await recovers()
  })
})

describe('FM-03 a reply that never came', () => {
  test('cut before the server saw the request: the prompt retry mends it', async () => {
    s = await createSetting({ schedule: { backoffFirst: 60_000 } })
    await s.signIn()
    s.authority.faults.next('cutBefore')
    await ask()
    expect(s.view()).toMatchObject({ light: 'green', state: 'fresh' })
    const { events } = await s.call('server.history', { server: 'one' })
    expect(events.map(({ kind, fault }) => fault ?? kind)).toEqual(['refreshed', 'lost', 'signedIn', 'added'])
    expect(counts()).toEqual({ refreshed: 1, reuse: 0, revoked: 0 })
  })

  test('cut after the server rotated: tried once more, then a sign-in is asked for and the reason told', async () => {
    s = await createSetting({ schedule: { backoffFirst: 60_000 } })
    await s.signIn()
    s.authority.faults.next('cutAfter')
    expect(await ask()).toBe('signInNeeded')
    expect(s.view()).toMatchObject({
      light: 'red',
      state: 'needsUser',
      action: 'signIn',
      fault: 'refused',
      nextAt: null
    })
    expect(s.view().detail).toContain('was lost, and the server rejected')
    expect(s.authority.events.filter(({ kind }) => kind === 'reuseDetected')).toHaveLength(1)
    await s.restart()
    expect(s.view()).toMatchObject({ state: 'needsUser', fault: 'refused' })
  })

  test('where the server has a grace for reuse, the retry saves the grant', async () => {
    s = await createSetting({ authority: { reuseGrace: 60_000 }, schedule: { backoffFirst: 60_000 } })
    await s.signIn()
    s.authority.faults.next('cutAfter')
    await ask()
    expect(s.view()).toMatchObject({ light: 'green', state: 'fresh' })
    expect(await s.authority.validate(await token())).toBe(true)
  })
})

test('FM-06 invalid_grant: a sign-in is needed, with the time and the reason, and there are no more attempts', async () => {
  s = await createSetting()
  await s.signIn()
  s.authority.revokeAll()
  expect(await ask()).toBe('signInNeeded')
  expect(s.view()).toMatchObject({
    light: 'red',
    action: 'signIn',
    words: 'Sign-in needed: the server rejected the refresh token'
  })
  expect(s.view().detail).toMatch(/^The server rejected the refresh token at \d\d:\d\d \(invalid_grant\)\./)
  const asked = s.authority.events.length
  expect(await ask()).toBe('signInNeeded')
  expect(s.authority.events.length).toBe(asked)
})

test('invalid_client: a registered client is asked to be registered anew, keeps the grant, is tried hourly and by hand', async () => {
  s = await createSetting()
  await s.signIn()
  s.authority.faults.next('invalid_client')
  expect(await ask()).toBe('signInNeeded')
  expect(s.view()).toMatchObject({ light: 'red', state: 'needsUser', action: 'signIn', fault: 'misconfigured' })
  expect(s.view().words).toContain('no longer recognizes this client')
  expect(s.view().detail).toContain('register a new one')
  expect(s.view().nextAt! - s.view().since!).toBe(3_600_000)
  await recovers()
})

test('a refresh by itself, in time, and the old token valid until the new one is there', async () => {
  const clock = forwardClock()
  s = await createSetting({ clock })
  await s.signIn()
  for (let n = 2; n <= 4; n++) {
    const { obtainedAt, nextAt } = s.view()
    clock.forward(nextAt! - clock.now())
    await s.until((view) => view.obtainedAt! > obtainedAt! && view.state === 'fresh')
    expect(await s.authority.validate(await token())).toBe(true)
  }
  const metrics = (await s.call('metrics', {})).text
  expect(metrics).toMatch(/tokentray_oauth_refresh_total\{server="one",result="refreshed"\} [34]\b/)
  expect(metrics).toContain('tokentray_token_gap_seconds_total{server="one"} 0')
  expect(counts()).toMatchObject({ reuse: 0, revoked: 0 })
})

test('sign out revokes at the server and says so; nothing is left to refresh', async () => {
  s = await createSetting()
  await s.signIn()
  const old = await token()
  const { revoked, view } = await s.call('server.signOut', { server: 'one' })
  expect(revoked).toMatch(/revoked/i)
  expect(view).toMatchObject({ state: 'signedOut', light: 'grey', action: 'signIn', expiresAt: null })
  expect(await s.authority.validate(old)).toBe(false)
  await expect(token()).rejects.toMatchObject({ code: 'signInNeeded' })
})

test('FM-12 a refresh is sent like the sign-in: client, resource and redirect survive a restart', async () => {
  s = await createSetting()
  await s.signIn()
  const before = s.view()
  expect(before.resource).toBe(s.mcp.url)
  await s.restart()
  expect(s.view()).toMatchObject({ issuer: before.issuer, resource: before.resource, clientId: before.clientId })
  await recovers()
  const refreshed = s.authority.events.findLast(({ kind }) => kind === 'refreshed')
  expect(refreshed).toMatchObject({ resource: s.mcp.url, clientId: before.clientId })
})

test('FM-17 health comes from the stored grant; "accepted by the server" stays empty until the server has answered', async () => {
  s = await createSetting()
  await s.call('server.add', { url: s.mcp.url, name: 'one' })
  expect(s.view()).toMatchObject({ light: 'grey', state: 'signedOut', acceptedAt: null, expiresAt: null })
  await s.call('server.remove', { server: 'one' })
  await s.signIn()
  expect(s.view()).toMatchObject({ light: 'green', acceptedAt: null })
})

test('FM-18 signing in again once replaces a dead grant, and the history shows what happened', async () => {
  s = await createSetting()
  await s.signIn()
  s.authority.revokeAll()
  await ask()
  expect(s.view()).toMatchObject({ state: 'needsUser', action: 'signIn' })
  const { signIn, url } = await s.call('signIn.start', { server: 'one' })
  expect(s.view()).toMatchObject({ state: 'signingIn', signIn: { step: 'browser', url } })
  const done = s.call('signIn.wait', { signIn })
  await approve(url!)
  expect((await done).view).toMatchObject({ light: 'green', state: 'fresh' })
  expect(await s.authority.validate(await token())).toBe(true)
  const { events } = await s.call('server.history', { server: 'one' })
  expect(events.map(({ kind }) => kind)).toEqual(['signedIn', 'refreshFailed', 'signedIn', 'added'])
})

describe('FM-04 a disk that is really full', () => {
  /** A file system of 2 MB that a test may fill; null where this user may not mount one. */
  function mountSmallDisk(): string | null {
    const folder = mkdtempSync(join(tmpdir(), 'tokentray-disk-'))
    const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder])
    if (done.status === 0) return folder
    rmSync(folder, { recursive: true })
    return null
  }
  const fill = (disk: string) => {
    const file = openSync(join(disk, 'filler'), 'w')
    const block = Buffer.alloc(4096)
    try {
      for (;;) writeSync(file, block)
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
    } finally {
      closeSync(file)
    }
  }

  test('before the refresh: nothing is sent; after the reply: the token is held and saved once there is room', async (context) => {
    const disk = mountSmallDisk()
    if (!disk) return context.skip('mounting a small disk needs root on Linux')
    s = await createSetting({ folder: disk, schedule: { backoffFirst: 60_000 } })
    onTestFinished(() => {
      spawnSync('umount', ['-l', disk])
      rmSync(disk, { recursive: true, force: true })
    })
    await s.signIn()
    const before = await token()

    fill(disk)
    expect(await ask()).toBe('vaultUnwritable')
    expect(s.view()).toMatchObject({ light: 'amber', fault: 'unsaved' })
    expect(s.view().detail).toContain('No refresh was sent')
    expect(counts().refreshed).toBe(0)
    expect(await token()).toBe(before)

    rmSync(join(disk, 'filler'))
    s.authority.faults.next('slow', 1, { delay: 300 })
    const sent = s.authority.seen(({ kind }) => kind === 'faultMade')
    const asked = ask()
    await sent
    fill(disk)
    expect(await asked).toBe('vaultUnwritable')
    expect(s.view().detail).toContain('holds it in memory')
    expect(await token()).not.toBe(before)

    rmSync(join(disk, 'filler'))
    s.core.handle('cli', 'poke', {})
    await s.until(({ light }) => light === 'green')
    const held = await token()
    expect(counts()).toEqual({ refreshed: 1, reuse: 0, revoked: 0 })
    await s.restart()
    expect(await token()).toBe(held)
  })
})
