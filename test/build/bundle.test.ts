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
  const source = join(import.meta.dirname, '..', '..', 'app', 'net', 'dispatcher.ts')
  const outfile = join(folder, 'dispatcher.mjs')
  const { metafile } = await build({ ...onNode, entryPoints: [source], outfile, metafile: true })
  const taken = Object.keys(metafile.inputs).filter((name) =>
    /undici\/lib\/(mock|cache|interceptor|web\/websocket)/.test(name)
  )
  expect(taken).toEqual([])
  // A server, and before it the two kinds of proxies, which lead to it whatever name they are told.
  writeFileSync(
    join(folder, 'run.mjs'),
    `import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { openDispatcher } from './dispatcher.mjs'
const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const end = await listen(createServer((request, response) => response.end(request.headers.host)))
const join = (socket) => socket.pipe(connect(end, '127.0.0.1')).pipe(socket)
const http = createServer().on('connect', (request, socket) => {
  socket.write('HTTP/1.1 200 OK\\r\\n\\r\\n')
  join(socket)
})
const socks = createTcpServer((socket) => {
  socket.once('data', () => {
    socket.write(Buffer.from([5, 0]))
    socket.once('data', () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
      join(socket)
    })
  })
})
const proxies = ['http://127.0.0.1:' + (await listen(http)), 'socks5://127.0.0.1:' + (await listen(socks))]
for (const [origin, proxy] of [['http://127.0.0.1:' + end, null], ...proxies.map((proxy) => ['http://far.test', proxy])]) {
  const dispatcher = openDispatcher(origin, { connectTimeoutMs: 30_000, proxy })
  await new Promise((resolve, reject) => dispatcher.dispatch({ origin, path: '/', method: 'GET' }, {
    onRequestStart() {},
    onResponseStart() {},
    onResponseData: (_, chunk) => console.log(String(chunk).replace(/\\d+$/, '')),
    onResponseEnd: resolve,
    onResponseError: (_, error) => reject(error)
  }))
  await dispatcher.destroy()
}
process.exit()`
  )
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', join(folder, 'run.mjs')], {
    encoding: 'utf8'
  })
  expect([stdout, stderr]).toEqual(['127.0.0.1:\nfar.test\nfar.test\n', ''])
})
