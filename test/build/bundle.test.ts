// What is bundled must also run: packages that hide what they need from a bundler are found here, not by a person.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { onNode } from '../../build/main.ts'

test('the editors of clients’ files work from a bundle', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tt-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const source = join(import.meta.dirname, '..', '..', 'app', 'connect', 'edit.ts')
  await build({ ...onNode, entryPoints: [source], outfile: join(folder, 'edit.mjs') })
  writeFileSync(
    join(folder, 'run.mjs'),
    `import { changeEntry } from './edit.mjs'
for (const format of ['jsonc', 'toml']) console.log(JSON.stringify(changeEntry({ format, table: ['t'] }, '', 'one', { u: 'x' }, 'f')))`
  )
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'run.mjs')], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const [json, toml] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect([JSON.parse(json), toml]).toEqual([{ t: { one: { u: 'x' } } }, '[t.one]\nu = "x"\n'])
})

test('of undici the bundle takes the dispatchers alone, and they run', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tt-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const source = join(import.meta.dirname, '..', '..', 'app', 'oauth', 'dispatcher.ts')
  const outfile = join(folder, 'dispatcher.mjs')
  const { metafile } = await build({ ...onNode, entryPoints: [source], outfile, metafile: true })
  const taken = Object.keys(metafile.inputs).filter((name) =>
    /undici\/lib\/(mock|cache|interceptor|web\/websocket)/.test(name)
  )
  expect(taken).toEqual([])
  writeFileSync(
    join(folder, 'run.mjs'),
    `import { openDispatcher } from './dispatcher.mjs'
const ways = [null, 'http://127.0.0.1:9', 'socks5://127.0.0.1:9']
for (const proxy of ways) await openDispatcher('http://127.0.0.1:9', { connectTimeout: 1, proxy }).destroy()
console.log('ran')`
  )
  expect(spawnSync(process.execPath, [join(folder, 'run.mjs')], { encoding: 'utf8' }).stdout).toBe('ran\n')
})
