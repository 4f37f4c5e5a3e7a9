// `npm start` in a clone whose Electron, bundlers and command only write down that they ran: what is started, and what is
// bundled before it. The bundlers themselves are run by the tests of the shell and of the pages.
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isSkipped } from '../support/skipped.ts'

function makeClone() {
  const root = mkdtempSync(join(tmpdir(), 'tokentray-start-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const at = (...parts: string[]) => join(root, ...parts)
  const log = at('started.log')
  const write = (path: string, text: string) => {
    mkdirSync(join(at(path), '..'), { recursive: true })
    writeFileSync(at(path), text)
    // Everything is of the same old day, so that what is bundled now is newer.
    utimesSync(at(path), 1000, 1000)
  }
  const notes = (line: string, made?: string) =>
    `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
appendFileSync(${JSON.stringify(log)}, ${line} + '\\n')
${made ? `mkdirSync(${JSON.stringify(at(made, '..'))}, { recursive: true }); writeFileSync(${JSON.stringify(at(made))}, '')` : ''}\n`
  writeFileSync(log, '')
  mkdirSync(at('build'))
  for (const name of ['node.mjs', 'electron.mjs', 'start.mjs'])
    cpSync(join(import.meta.dirname, '..', '..', 'build', name), at('build', name))
  write('package.json', '{"type":"module"}')
  write('package-lock.json', '{}')
  write('node_modules/.tokentray-lock', '{}')
  write('build/icons/out/icon.png', '')
  write('build/main.ts', notes("'bundled the shell'", 'dist/main/main.js'))
  write('node_modules/vite/bin/vite.js', notes("'bundled the pages'", 'dist/renderer/index.html'))
  for (const folder of ['app/contract', 'app/providers', 'main', 'renderer']) write(`${folder}/one.ts`, '')
  write('app/cli/main.ts', notes("process.argv.slice(2).join(' ')"))
  for (const folder of ['app', 'app/contract', 'app/providers', 'app/cli', 'main', 'renderer', 'build/icons/out'])
    utimesSync(at(folder), 1000, 1000)

  /** A runtime as Electron's package keeps it, or elsewhere. */
  const addElectron = (folder = 'node_modules/electron/dist') => {
    write('node_modules/electron/path.txt', 'electron')
    write(`${folder}/electron`, `#!/bin/sh\necho "electron $* run-as-node=$ELECTRON_RUN_AS_NODE" >> '${log}'\nexit 5\n`)
    chmodSync(at(folder, 'electron'), 0o755)
  }
  const start = (env: Record<string, string> = {}, args: string[] = []) =>
    new Promise<{ code: number | null; said: string; did: string[] }>((resolve) => {
      const { DISPLAY: _, WAYLAND_DISPLAY: __, ELECTRON_OVERRIDE_DIST_PATH: ___, ...own } = process.env
      const child = spawn(process.execPath, [at('build', 'start.mjs'), ...args], { env: { ...own, ...env } })
      let said = ''
      child.stderr.on('data', (chunk) => {
        said += chunk
      })
      child.on('close', (code) => {
        const did = readFileSync(log, 'utf8').split('\n').filter(Boolean)
        writeFileSync(log, '')
        resolve({ code, said, did: did.map((line) => line.replaceAll(root, '.')) })
      })
    })
  return { at, write, addElectron, start }
}

const screen = { DISPLAY: ':7' }

describe.skipIf(isSkipped(process.platform === 'win32', 'not on Windows'))('npm start', () => {
  test('starts the tray where a runtime and a desktop are, bundled once, and ends as it ends', async () => {
    const { addElectron, start } = makeClone()
    addElectron()
    const first = await start({ ...screen, ELECTRON_RUN_AS_NODE: '1' }, ['--hidden'])
    expect(first.did).toEqual(['bundled the pages', 'bundled the shell', 'electron ./dist/main --hidden run-as-node='])
    expect(first.code).toBe(5)
    expect((await start(screen)).did).toEqual(['electron ./dist/main run-as-node='])
  })

  test('bundles again what is older than its sources, and only that', async () => {
    const { at, addElectron, start } = makeClone()
    addElectron()
    await start(screen)
    writeFileSync(at('main', 'one.ts'), 'changed')
    const later = Date.now() / 1000 + 60
    utimesSync(at('main', 'one.ts'), later, later)
    expect((await start(screen)).did.slice(0, -1)).toEqual(['bundled the shell'])
    utimesSync(at('dist', 'main', 'main.js'), later + 1, later + 1)
    utimesSync(at('renderer', 'one.ts'), later, later)
    expect((await start(screen)).did.slice(0, -1)).toEqual(['bundled the pages'])
  })

  test('a runtime kept elsewhere is used', async () => {
    const { at, addElectron, start } = makeClone()
    addElectron('elsewhere')
    expect((await start({ ...screen, ELECTRON_OVERRIDE_DIST_PATH: at('elsewhere') })).did.at(-1)).toContain('electron ')
  })

  test('without a runtime it says so in one line and serves', async () => {
    const { start } = makeClone()
    const { said, did, code } = await start(screen, ['--ephemeral'])
    expect(did).toEqual(['bundled the pages', 'serve --open --ephemeral'])
    expect(said.split('\n')[0]).toBe(
      'tokentray: Electron is not installed (npx install-electron downloads it), so the server with its dashboard starts instead of the tray.'
    )
    expect(code).toBe(0)
    expect((await start(screen)).did).toEqual(['serve --open'])
  })

  test.skipIf(isSkipped(process.platform !== 'linux', 'needs Linux'))('without a desktop it serves too', async () => {
    const { addElectron, start } = makeClone()
    addElectron()
    const { said, did } = await start()
    expect(did.at(-1)).toBe('serve --open')
    expect(said).toContain('no desktop was found')
    expect((await start({ WAYLAND_DISPLAY: 'wayland-0' })).did.at(-1)).toContain('electron ')
  })

  test('pages that cannot be bundled stop the tray, and not the server', async () => {
    const { write, addElectron, start } = makeClone()
    write('node_modules/vite/bin/vite.js', "console.error('no room'); process.exit(1)")
    const served = await start()
    expect(served.did).toEqual(['serve --open'])
    expect(served.said).toContain('no room')
    addElectron()
    expect(await start(screen)).toMatchObject({ code: 1, did: [] })
  })
})

test('the package that is named brings the program that downloads a runtime', () => {
  const file = join(import.meta.dirname, '..', '..', 'node_modules', 'electron', 'package.json')
  expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')).bin)).toContain('install-electron')
})
