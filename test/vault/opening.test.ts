// A core that opens without its vault: every state a door can meet, and what leads out of it.
// Real vault, real HTTP; only the keychain is a fake one.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { silentLog } from '../../app/base/log.ts'
import { locate } from '../../app/base/paths.ts'
import type { Snapshot } from '../../app/contract/views.ts'
import { type Core, type CoreOptions, openCore } from '../../app/core/core.ts'
import { followSnapshots } from '../../app/core/followSnapshots.ts'
import { parseSettings } from '../../app/settings/settings.ts'
import { sidecarPath } from '../../app/vault/sidecar.ts'
import { createSetting } from '../core.fixture.ts'
import { fakeClock } from '../fakes/clock.ts'
import { fakeKeychain } from '../fakes/keychain.ts'
import { isSkipped } from '../support/skipped.ts'

const passphrase = 'correct horse battery staple'
const wrong = 'a-wrong-passphrase'

async function makeHome() {
  const folder = await mkdtemp(join(tmpdir(), 'tokentray-opening-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const home = locate({ TOKENTRAY_HOME: folder }, process.platform)
  const keychain = fakeKeychain()
  const open = async (more: Partial<CoreOptions> = {}) => {
    const core = await openCore({
      home,
      kind: 'lasting',
      standBy: true,
      version: '0.0.0',
      clock: systemClock(),
      random: () => 0.5,
      environment: {},
      keychain,
      log: silentLog,
      settings: parseSettings({}, 'settings.json'),
      ...more
    })
    onTestFinished(() => core.close())
    return core
  }
  return { folder, vault: home.vault, keychain, open }
}

const ask = (core: Core, name: string, input: unknown = {}) => core.handle('browser', name, input)
const addServer = { url: 'https://mcp.example.com/mcp', id: 'one', grantKind: 'staticToken', accessToken: 'planted' }
const asideOf = (folder: string) => readdirSync(folder).filter((name) => name.includes('set-aside'))

/** Resolves with the first snapshot that satisfies `wanted`. */
function until(core: Core, wanted: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  const { promise, resolve } = Promise.withResolvers<Snapshot>()
  const stop = followSnapshots(core.stream, (snapshot) => wanted(snapshot) && resolve(snapshot))
  return promise.finally(stop)
}

describe('a vault that does not open', () => {
  test('a locked keychain is a state; unlocked, the servers appear and what is overdue is refreshed', async () => {
    const real = systemClock()
    let later = 0
    const clock = { ...real, now: () => real.now() + later }
    const keychain = fakeKeychain()
    const setting = await createSetting({ clock, core: { keychain, standBy: true } })
    onTestFinished(() => setting.stop())
    const { expiresAt } = await setting.signIn()
    await setting.core.close()
    later = 2 * 3_600_000
    keychain.failure = 'keychainLocked'
    await setting.restart()
    const { core } = setting
    const locked = core.snapshot()
    expect(locked).toMatchObject({
      light: 'red',
      servers: [],
      vault: {
        state: 'locked',
        keySource: 'keychain',
        errorCode: 'keychainLocked',
        message: 'The fake keychain fails as told.',
        offers: { unlock: null, retry: true, restore: null, reset: false }
      }
    })
    for (const [name, input] of [
      ['server.add', addServer],
      ['server.refresh', { server: 'one' }],
      ['vault.backup', {}]
    ] as const)
      expect(await ask(core, name, input)).toEqual({
        ok: false,
        code: 'keychainLocked',
        message: 'The fake keychain fails as told.'
      })
    expect(await ask(core, 'vault.retry')).toMatchObject({ ok: false, code: 'keychainLocked' })
    keychain.failure = null
    expect(await ask(core, 'vault.retry')).toEqual({ ok: true, value: {} })
    const view = await setting.until((one) => one.expiresAt !== null && one.expiresAt > expiresAt! + 3_600_000)
    expect(view).toMatchObject({ id: 'one', state: 'fresh' })
    expect(core.snapshot()).toMatchObject({ vault: { state: 'open', errorCode: null, offers: null } })
    expect(core.snapshot().revision).toBeGreaterThan(locked.revision)
  })

  test('a passphrase vault is unlocked by the passphrase, and a wrong one changes nothing', async () => {
    const { vault, open } = await makeHome()
    const first = await open({ environment: { TOKENTRAY_PASSPHRASE: passphrase } })
    await ask(first, 'server.add', addServer)
    await first.close()
    const before = readFileSync(vault)
    const core = await open()
    expect(core.snapshot().vault).toMatchObject({
      state: 'locked',
      errorCode: 'passphraseNeeded',
      offers: { unlock: 'existing', retry: false, restore: null, reset: true }
    })
    const seen: Snapshot[] = []
    followSnapshots(core.stream, (snapshot) => seen.push(snapshot))
    const { revision } = core.snapshot()
    expect(await ask(core, 'vault.unlock', { passphrase: wrong })).toMatchObject({ code: 'passphraseWrong' })
    expect([core.snapshot().revision, core.snapshot().vault.errorCode]).toEqual([revision, 'passphraseNeeded'])
    expect(readFileSync(vault).equals(before)).toBe(true)
    expect(await ask(core, 'vault.unlock', { passphrase })).toEqual({ ok: true, value: {} })
    await until(core, ({ servers }) => servers.length === 1)
    expect(await ask(core, 'vault.unlock', { passphrase })).toMatchObject({ ok: false, code: 'inputInvalid' })
    const everything = JSON.stringify(seen)
    expect(everything).not.toContain(passphrase)
    expect(everything).not.toContain(wrong)
  })

  test('without a keychain a new vault is made with a passphrase, and never by itself', async () => {
    const { vault, keychain, open } = await makeHome()
    keychain.failure = 'keychainMissing'
    const core = await open()
    expect(core.snapshot().vault).toMatchObject({
      state: 'unavailable',
      errorCode: 'keychainMissing',
      offers: { unlock: 'new', retry: true, restore: null, reset: false }
    })
    expect([existsSync(vault), existsSync(sidecarPath(vault))]).toEqual([false, false])
    expect(await ask(core, 'vault.unlock', { passphrase })).toEqual({ ok: true, value: {} })
    expect(core.snapshot().vault).toMatchObject({ state: 'open', keySource: 'passphrase' })
    await core.close()
    const again = await open({ environment: { TOKENTRAY_PASSPHRASE: passphrase } })
    expect(again.snapshot().vault.state).toBe('open')
  })

  test('a damaged vault: the newest sound backup is offered and put back, its grants wait for a person', async () => {
    const { folder, vault, open } = await makeHome()
    const first = await open()
    await ask(first, 'server.add', addServer)
    const backup = await ask(first, 'vault.backup')
    if (!backup.ok) throw new Error(backup.message)
    const { path } = backup.value as { path: string }
    await first.close()
    truncateSync(vault, 5000)
    const core = await open()
    const { vault: view } = core.snapshot()
    expect(view).toMatchObject({
      state: 'damaged',
      errorCode: 'vaultDamaged',
      offers: { restore: { path }, reset: true }
    })
    expect(new Date(view.offers!.restore!.at).toISOString().replaceAll(':', '-')).toSatisfy((at: string) =>
      path.includes(at)
    )
    expect(await ask(core, 'vault.restore')).toEqual({ ok: true, value: { restored: path } })
    const { servers } = await until(core, (snapshot) => snapshot.servers.length === 1)
    expect(servers[0]).toMatchObject({ id: 'one', light: 'red', action: 'tryRestored' })
    expect(asideOf(folder)).not.toEqual([])
  })

  test('a passphrase vault that is damaged: the passphrase typed for it restores its backup too', async () => {
    const { vault, keychain, open } = await makeHome()
    const first = await open({ environment: { TOKENTRAY_PASSPHRASE: passphrase } })
    await ask(first, 'server.add', addServer)
    await ask(first, 'vault.backup')
    await first.close()
    truncateSync(vault, 5000)
    const core = await open()
    expect(core.snapshot().vault).toMatchObject({ state: 'locked', offers: { restore: null } })
    expect(await ask(core, 'vault.unlock', { passphrase })).toMatchObject({ ok: false, code: 'vaultDamaged' })
    expect(core.snapshot().vault).toMatchObject({ state: 'damaged', offers: { unlock: null, restore: {} } })
    expect(await ask(core, 'vault.restore')).toMatchObject({ ok: true })
    await until(core, ({ servers }) => servers.length === 1)
    expect(keychain.calls).toEqual({ get: 0, set: 0, delete: 0 })
  })

  test('a lost key: reset takes the typed word, sets the old vault aside and starts anew', async () => {
    const { folder, vault, keychain, open } = await makeHome()
    const first = await open()
    await ask(first, 'server.add', addServer)
    await first.close()
    const before = readFileSync(vault)
    keychain.items.clear()
    const core = await open()
    expect(core.snapshot().vault).toMatchObject({
      state: 'keyMissing',
      errorCode: 'vaultKeyMissing',
      offers: { unlock: null, retry: true, restore: null, reset: true }
    })
    expect(await ask(core, 'vault.reset', { confirmation: 'yes' })).toMatchObject({ code: 'inputInvalid' })
    expect(readFileSync(vault).equals(before)).toBe(true)
    const reply = await ask(core, 'vault.reset', { confirmation: 'reset' })
    if (!reply.ok) throw new Error(reply.message)
    const { keptAs } = reply.value as { keptAs: string }
    expect(readFileSync(keptAs).equals(before)).toBe(true)
    expect(core.snapshot()).toMatchObject({ vault: { state: 'open' }, servers: [] })
    expect(asideOf(folder)).not.toEqual([])
  })

  test('what was not offered is refused and changes nothing', async () => {
    const { folder, keychain, open } = await makeHome()
    await (await open()).close()
    keychain.failure = 'keychainLocked'
    const core = await open()
    const before = readdirSync(folder)
    for (const [name, input] of [
      ['vault.unlock', { passphrase }],
      ['vault.restore', {}],
      ['vault.reset', { confirmation: 'reset' }]
    ] as const)
      expect(await ask(core, name, input)).toMatchObject({ ok: false, code: 'inputInvalid' })
    expect(readdirSync(folder)).toEqual(before)
  })

  test('from the future, and what cannot be opened for another reason, are states of their own', async () => {
    const { vault, open } = await makeHome()
    await (await open()).close()
    const sidecar = readFileSync(sidecarPath(vault), 'utf8')
    writeFileSync(sidecarPath(vault), JSON.stringify({ ...JSON.parse(sidecar), format: 99 }))
    const future = await open()
    expect(future.snapshot().vault).toMatchObject({
      state: 'fromFuture',
      errorCode: 'vaultFromFuture',
      offers: { retry: true, restore: null, reset: false }
    })
    await future.close()
    writeFileSync(sidecarPath(vault), sidecar)
    rmSync(sidecarPath(vault))
    mkdirSync(sidecarPath(vault))
    const core = await open()
    expect(core.snapshot().vault).toMatchObject({ state: 'unavailable', errorCode: 'vaultUnwritable' })
    rmdirSync(sidecarPath(vault))
    writeFileSync(sidecarPath(vault), sidecar)
    expect(await ask(core, 'vault.retry')).toMatchObject({ ok: true })
    expect(core.snapshot().vault.state).toBe('open')
  })

  test.skipIf(isSkipped(process.platform !== 'linux', 'needs Linux'))(
    'a keychain that waits for a person is waited for; closing meanwhile ends its process and opens nothing',
    async () => {
      const { folder, vault, keychain, open } = await makeHome()
      await (await open()).close()
      // Whoever asks whether the keychain waits is told that it does.
      writeFileSync(join(folder, 'gdbus'), '#!/bin/sh\necho "(<true>,)"\n', { mode: 0o755 })
      const path = process.env.PATH
      process.env.PATH = `${folder}:${path}`
      onTestFinished(() => {
        process.env.PATH = path
      })
      const clock = fakeClock()
      const asked = Promise.withResolvers<void>()
      let answer: (it: { value?: unknown }) => void = () => {}
      let account = ''
      let killed = 0
      const waiting = () =>
        open({
          clock,
          keychain: undefined as never,
          startKeychainHelper: ({ words }, answered) => {
            account = words[1]!
            answer = answered
            asked.resolve()
            return { kill: () => killed++ }
          }
        })
      const opened = waiting()
      await asked.promise
      await clock.advance(5_000)
      const core = await opened
      expect(core.snapshot()).toMatchObject({
        light: 'amber',
        vault: { state: 'keychainWaiting', errorCode: 'keychainLocked', offers: { retry: false, unlock: null } }
      })
      const said = 'The keychain is waiting for you to unlock it.'
      expect(await ask(core, 'server.refresh', { server: 'one' })).toMatchObject({ ok: false, message: said })
      expect(await ask(core, 'vault.retry')).toMatchObject({ ok: false, message: said })
      const before = readdirSync(folder)
      await core.close()
      expect(killed).toBe(1)
      answer({ value: '00'.repeat(32) })
      expect(readdirSync(folder)).toEqual(before)
      expect(existsSync(`${vault}-wal`)).toBe(false)
      expect(await ask(core, 'vault.retry')).toMatchObject({ ok: false, code: 'ownerStopping' })

      const again = waiting()
      await clock.advance(5_000)
      const second = await again
      expect(second.snapshot().vault.state).toBe('keychainWaiting')
      answer({ value: keychain.items.get(account) })
      await expect.poll(() => second.snapshot().vault.state).toBe('open')
    }
  )

  test('whoever cannot show a state is told by a rejection, as ever', async () => {
    const { keychain, open } = await makeHome()
    keychain.failure = 'keychainLocked'
    await expect(open({ standBy: false })).rejects.toMatchObject({ code: 'keychainLocked' })
    await expect(open({ standBy: false, kind: 'command' })).rejects.toMatchObject({ code: 'keychainLocked' })
  })
})
