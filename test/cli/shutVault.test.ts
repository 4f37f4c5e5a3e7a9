// serve whose vault does not open: up with a dashboard, ended with the code without one; and what other commands say.
// A real core and a real socket; nobody gives the passphrase.
import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import type { Paths } from '../../app/base/paths.ts'
import { Secret } from '../../app/base/secret.ts'
import { serve } from '../../app/cli/commands/serve.ts'
import { openCore } from '../../app/core/core.ts'
import { connect } from '../../app/owner/client.ts'
import { openVault } from '../../app/vault/open.ts'
import { makeFiles } from '../dashboard/dashboard.fixture.ts'
import { fakeKeychain } from '../fakes/keychain.ts'
import { plantCheapKey } from '../vault/cheapKey.ts'
import { makeLock, makePaths, makeWorld, runIn } from './world.ts'

const passphrase = 'correct horse battery staple'

/** A vault that only the passphrase opens, closed. */
async function makeShutVault(): Promise<Paths> {
  const paths = makePaths()
  await plantCheapKey(paths.vault, passphrase)
  const options = { path: paths.vault, clock: systemClock(), keychain: fakeKeychain() }
  await (await openVault({ ...options, passphrase: new Secret(passphrase) })).close()
  return paths
}

function start(paths: Paths, options: Parameters<typeof serve>[1]) {
  const made = makeWorld({ paths, lock: makeLock() })
  made.world.hostCore = openCore
  // A port of the machine's, which another test may have just now, is no part of this.
  const ended = serve(made.world, { gateway: false, ...options }, makeFiles(paths.home))
  return { ...made, ended }
}

async function owner(paths: Paths) {
  return expect.poll(() => connect(paths, systemClock())).not.toBeNull()
}

test('with its dashboard serve stays up, says the state in one line, and goes on once it is unlocked', async () => {
  const paths = await makeShutVault()
  const { text, ended, interrupt } = start(paths, { dashboardPort: 0 })
  onTestFinished(() => ended)
  onTestFinished(() => interrupt())
  await owner(paths)
  await expect
    .poll(() => text.err)
    .toMatch(/^tokentray: [^\n]*is protected by a passphrase\.[^\n]*tokentray open[^\n]*\n$/)
  const shown = await runIn(['status'], { paths })
  expect(shown).toMatchObject({ exitCode: 5, out: '', err: expect.stringContaining('is protected by a passphrase') })
  expect(await runIn(['list', '--json'], { paths })).toMatchObject({
    exitCode: 5,
    out: expect.stringContaining('"passphraseNeeded"')
  })
  const looked = await runIn(['doctor', '--json'], { paths })
  expect(looked.out).toMatch(/is protected by a passphrase/)
  expect(await runIn(['vault', 'unlock'], { paths, stdin: 'wrong\n' })).toMatchObject({
    exitCode: 5,
    err: expect.stringContaining('Wrong passphrase')
  })
  expect(await runIn(['vault', 'unlock'], { paths, stdin: `${passphrase}\n` })).toMatchObject({
    exitCode: 0,
    out: 'The vault is open.\n'
  })
  await expect.poll(() => text.err).toContain('The vault is open')
  expect((await runIn(['status'], { paths })).exitCode).toBe(0)
  expect(text.err + text.out).not.toContain(passphrase)
})

test('vault unlock says so where nothing waits for it', async () => {
  const none = await runIn(['vault', 'unlock'], { paths: makePaths() })
  expect(none).toMatchObject({ exitCode: 1, err: expect.stringContaining('not running') })
})

test('with --no-dashboard, or where it cannot be shown, it ends with the code and lets go of the vault', async () => {
  const paths = await makeShutVault()
  const bare = start(paths, { dashboard: false })
  await expect(bare.ended).rejects.toMatchObject({ code: 'passphraseNeeded' })
  expect(bare.lock.isHeld()).toBe(false)
  const made = makeWorld({ paths, lock: makeLock() })
  made.world.hostCore = openCore
  await expect(serve(made.world, {}, '/nonexistent')).rejects.toMatchObject({ code: 'passphraseNeeded' })
  expect(made.lock.isHeld()).toBe(false)
})

test('while it is shut the owner is still one: another serve is refused, stop ends it, and nothing was made', async () => {
  const paths = await makeShutVault()
  const { lock, ended } = start(paths, { dashboardPort: 0 })
  await owner(paths)
  expect(await runIn(['serve'], { paths, lock })).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining('running')
  })
  expect((await runIn(['stop'], { paths })).exitCode).toBe(0)
  await ended
  expect([lock.isHeld(), existsSync(`${paths.vault}-wal`)]).toEqual([false, false])
})
