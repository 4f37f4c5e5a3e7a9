// The vault's own commands on real files: create, backup, damage, restore, reset; and tokens replaced by hand.
// What they promise: nothing is overwritten, and a restored grant is spent only after a person said so.
import { existsSync, readdirSync, truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeHome, makeUpstream } from './harness.ts'

const json = (out: string) => JSON.parse(out)

test("FM-24 a damaged vault is set aside and its newest backup restored; each grant waits for a person's decision", async () => {
  const home = await makeHome()
  const { mcp, count } = await makeUpstream()
  expect((await home.tokentray(['add', mcp.url, '--id', 'one'])).code).toBe(0)
  const copy = json((await home.tokentray(['vault', 'backup', '--json'])).out).path
  expect((await home.tokentray(['refresh', 'one'])).code).toBe(0)
  truncateSync(home.paths.vault, 5000)

  const broken = await home.tokentray(['status'])
  expect(broken).toMatchObject({ code: 5, out: '' })
  expect(broken.err).toMatch(/^tokentray: [^\n]*damaged[^\n]*vault restore[^\n]*\n$/)

  const unasked = await home.tokentray(['vault', 'restore'])
  expect(unasked).toMatchObject({ code: 3, err: expect.stringContaining('confirmation') })
  expect(json((await home.tokentray(['vault', 'restore', '--yes', '--json'])).out)).toEqual({ restored: copy })
  expect(readdirSync(home.paths.home).filter((name) => name.includes('set-aside'))).not.toEqual([])

  // Neither a start nor a reader spends the restored refresh token.
  const serve = await home.serve()
  const { view } = json((await home.tokentray(['status', 'one', '--json'])).out)
  expect(view).toMatchObject({ state: 'needsUser', light: 'red', words: expect.stringContaining('backup') })
  expect(count('refreshed')).toBe(1)
  const asked = await home.tokentray(['refresh', 'one'])
  expect(asked.code).toBe(3)
  expect(asked.err).toContain('rejected the refresh token')
  serve.kill('SIGTERM')
  expect((await serve.ended).code).toBe(0)
})

test('vault create makes a vault once, reset sets it aside, and the key stays good for the old file', async () => {
  const home = await makeHome({ isSlow: true })
  expect(json((await home.tokentray(['vault', 'create', '--json'])).out)).toEqual({
    path: home.paths.vault,
    keySource: 'passphrase'
  })
  const again = await home.tokentray(['vault', 'create'])
  expect(again).toMatchObject({ code: 2, err: expect.stringContaining('already') })
  const { keptAs } = json((await home.tokentray(['vault', 'reset', '--yes', '--json'])).out)
  expect(existsSync(keptAs)).toBe(true)
  expect(existsSync(home.paths.vault)).toBe(false)
})

test('a token given by hand is replaced by set, from stdin, and used from then on', async () => {
  const home = await makeHome()
  expect(
    (await home.tokentray(['add', 'https://mcp.example.com/mcp', '--token-file', '-'], { input: 'first-token' })).code
  ).toBe(0)
  expect((await home.tokentray(['set', 'example', '--token-file', '-'], { input: 'second-token' })).code).toBe(0)
  expect((await home.tokentray(['token', 'example'])).out).toBe('second-token\n')
  const wrong = await home.tokentray(['set', 'example', '--refresh-token-file', '-'], { input: 'x' })
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('uses a static token') })
})
