// The npm export for bots: a child Node imports the package by its name and asks the owner that runs, or hears that none does.
// Both forms of the package: the sources of a checkout, and the bundle in a folder of its own, without them.
import { execFile } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { getToken as declared } from 'tokentray'
import { expect, expectTypeOf, test } from 'vitest'
import type { getToken } from '../../app/cli/library.ts'
import { nodeEntries, onNode } from '../../build/main.ts'
import { type Home, makeHome, makeUpstream } from './harness.ts'

const root = join(import.meta.dirname, '..', '..')
/** What a bot in `folder` gets: the token, or the error's code and sentence; and what its process loaded. */
async function ask(home: Home, folder: string, call: string) {
  const bot = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { getToken, TokentrayError } = await import('tokentray')
    const said = await ${call}.catch((error) => [error instanceof TokentrayError, error.code, error.message])
    console.log(JSON.stringify({ said, loaded }))`
  const args = ['--input-type=module', '--eval', bot]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env: home.env })
  return JSON.parse(stdout) as { said: unknown; loaded: string[] }
}

test('the types written by hand are those of the sources', () => {
  expectTypeOf<typeof getToken>().parameters.toEqualTypeOf<Parameters<typeof declared>>()
  expectTypeOf<typeof getToken>().returns.toEqualTypeOf<ReturnType<typeof declared>>()
})

test.each(['sources', 'bundle'])('a bot gets tokens from the owner, by the %s', async (form) => {
  const home = await makeHome()
  const upstream = await makeUpstream()
  let folder = root
  if (form === 'bundle') {
    folder = join(home.folder, 'package')
    await build({ ...onNode, entryPoints: { library: nodeEntries.library }, outdir: join(folder, 'dist') })
    for (const file of ['package.json', 'build/library.mjs']) cpSync(join(root, file), join(folder, file))
  }
  expect((await ask(home, folder, "getToken('one')")).said).toEqual([
    true,
    'ownerUnreachable',
    expect.stringContaining('tokentray serve')
  ])
  await home.serve()
  expect((await home.tokentray(['add', upstream.mcp.url, '--id', 'one'])).code).toBe(0)

  const { said: first, loaded } = await ask(home, folder, "getToken('one')")
  expect(await upstream.use(String(first))).toBe(200)
  expect(loaded.some((url) => url.includes(form === 'bundle' ? '/dist/library.js' : '/app/cli/library.ts'))).toBe(true)
  expect(loaded.filter((url) => /zod|sqlite|commander/.test(url))).toEqual([])
  expect(upstream.count('refreshed')).toBe(0)
  // All but a moment of its hour, and the calls before took longer than that: it is refreshed first.
  await ask(home, folder, "getToken('one', { minValid: 3_599_990 })")
  expect(upstream.count('refreshed')).toBe(1)

  const failures: [string, string][] = [
    ["getToken('none')", 'serverUnknown'],
    ["getToken('one', { minValid: -1 })", 'inputInvalid']
  ]
  for (const [call, code] of failures) {
    const { said } = await ask(home, folder, call)
    expect(said).toEqual([true, code, expect.any(String)])
  }
  await home.tokentray(['logout', 'one'])
  const { said } = await ask(home, folder, "getToken('one')")
  expect(said).toEqual([true, 'signInNeeded', expect.stringContaining('tokentray login one')])
})

test('a Node too old for the sources is told which one it takes, in one sentence', async () => {
  const args = ['--no-experimental-strip-types', '--input-type=module', '--eval', "import 'tokentray'"]
  await expect(promisify(execFile)(process.execPath, args, { cwd: root })).rejects.toMatchObject({
    stderr: expect.stringMatching(/Error: tokentray: getToken from a checkout needs Node 24 \(this is v[\d.]+\)\./)
  })
})
