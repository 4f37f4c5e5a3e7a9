// `npm test`: types, lint, every test, and a summary. Installs what it needs first; runs on any Node from 20 on.
// `--only STEP,…` picks steps, `--changed [REF]` the tests that depend on what was changed; what follows `--` goes to vitest.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ensureNode, ensurePackages, root } from './node.mjs'
import { reportFile } from './testReport.mjs'

// For the keychain: a session bus, a real keyring, the library keytar loads, and a tool to ask the bus. For the pages: a
// browser, driven without a window. For the gateway's public URL: a reverse proxy, and a certificate for it.
const debianPackages = ['dbus', 'gnome-keyring', 'libsecret-1-0', 'libglib2.0-bin', 'chromium', 'nginx', 'openssl']

function ensureDebianPackages() {
  if (process.platform !== 'linux')
    return 'not on Linux: the keychain tests are skipped, and so are the tests of the pages if Chromium is not found'
  // The status itself is read: a package that was removed again is still known to dpkg.
  const isInstalled = (name) =>
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own syntax
    / installed$/.test(spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' }).stdout ?? '')
  const missing = debianPackages.filter((name) => !isInstalled(name))
  if (missing.length === 0) return null
  const advice = `some tests of the keychain, the pages or the gateway are skipped; to run them: apt-get install ${missing.join(' ')}`
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return `not root on Debian: ${advice}`
  console.log(`Installing ${missing.join(', ')} for the tests of the keychain, the pages and the gateway…`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => spawnSync('apt-get', args, { env, encoding: 'utf8' })
  apt('update', '-q')
  const done = apt('install', '-y', '-q', '--no-install-recommends', ...missing)
  return done.status === 0 ? null : `apt-get failed: ${advice}\n${done.stderr}`
}

const args = process.argv.slice(2)
const split = args.indexOf('--')
const own = split < 0 ? args : args.slice(0, split)
const rest = split < 0 ? [] : args.slice(split + 1)
const onlyAt = own.indexOf('--only')
const changedAt = own.indexOf('--changed')
const usual = ['types', 'lint', changedAt < 0 ? 'tests' : 'changed']
const only = onlyAt < 0 ? usual : (own[onlyAt + 1] ?? '').split(',')
// What was changed since the last commit, or since the one that is named.
const changed = own[changedAt + 1]?.startsWith('-') === false ? [`--changed=${own[changedAt + 1]}`] : ['--changed']

/** The files whose tests repeat more often in a soak. */
function soakFiles() {
  const folder = join(root, 'test')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'))
  return files
    .map((file) => join('test', file))
    .filter((file) => readFileSync(join(root, file), 'utf8').includes('/soak.ts'))
}

ensurePackages()
const node = ensureNode()
const bin = (...parts) => join(root, 'node_modules', ...parts)
const env = {
  // Each test file is a process of its own and loads much the same: compiled once, as test/support/compileCache.ts has it for theirs.
  NODE_COMPILE_CACHE: bin('.cache', 'tokentray-test'),
  ...process.env,
  PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`
}
if (only.includes('soak')) env.TOKENTRAY_SOAK = '1'
const vitest = [bin('vitest', 'vitest.mjs'), 'run']
// They start the bundled command, a browser or the conformance suite: each takes longer than an answer may that is waited for.
const slow = ['e2e', 'renderer', 'desktop', 'electron-double', 'conformance'].map((name) => `--exclude=test/${name}/**`)
const steps = {
  types: [bin('typescript', 'bin', 'tsc'), '-b', '--pretty', 'false'],
  lint: [bin('@biomejs', 'biome', 'bin', 'biome'), 'ci', '.', ...(process.stdout.isTTY ? [] : ['--colors=off'])],
  tests: [...vitest, ...rest],
  changed: [...vitest, ...changed, '--passWithNoTests', ...slow, ...rest],
  conformance: [...vitest, 'test/conformance', ...rest],
  soak: [...vitest, '--reporter=verbose', '--reporter=./build/testReport.mjs', ...soakFiles(), ...rest]
}
const note = only.includes('tests') ? ensureDebianPackages() : null

rmSync(reportFile, { force: true })
const results = []
for (const name of only) {
  const step = steps[name]
  if (!step) {
    console.error(`There is no step "${name}"; the steps are ${Object.keys(steps).join(', ')}.`)
    process.exit(2)
  }
  console.log(`\n— ${name}`)
  const began = Date.now()
  const { status } = spawnSync(node, step, { cwd: root, env, stdio: 'inherit' })
  results.push({ name, ok: status === 0, seconds: Math.round((Date.now() - began) / 1000) })
}

console.log('')
if (existsSync(reportFile)) process.stdout.write(readFileSync(reportFile))
if (note) console.log(`Note: ${note}`)
for (const { name, ok, seconds } of results) console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
const failed = results.filter(({ ok }) => !ok).length
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
