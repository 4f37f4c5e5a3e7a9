// `npm start`: the tray where an Electron runtime and a desktop are there, else `serve` with the dashboard in a browser.
// Bundles first what is missing or older than its sources. Downloads nothing but the locked packages; runs on Node 20.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { findElectron, howToInstall } from './electron.mjs'
import { ensureNode, ensurePackages, root, runNode, runProgram } from './node.mjs'

const say = (line) => process.stderr.write(`tokentray: ${line}\n`)
const at = (...parts) => join(root, ...parts)
const shell = {
  name: 'the shell',
  made: at('dist', 'main', 'main.js'),
  from: ['app', 'main', 'build/main.ts', 'build/icons/out', 'package.json', 'package-lock.json'],
  command: [at('build', 'main.ts')]
}
const pages = {
  name: 'the pages',
  made: at('dist', 'renderer', 'index.html'),
  from: ['app/contract', 'app/providers', 'renderer', 'package-lock.json'],
  command: [at('node_modules', 'vite', 'bin', 'vite.js'), 'build', '-c', at('renderer', 'vite.config.ts')]
}

/** The time of the newest file in or below `path`, in ms. */
function newest(path) {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** False where it had to be made and could not be. */
function make(node, { name, made, from, command }) {
  const isStale = !existsSync(made) || from.some((source) => newest(at(source)) > statSync(made).mtimeMs)
  if (!isStale) return true
  say(`bundling ${name}…`)
  const env = { ...process.env, NODE_ENV: 'production' }
  const { status, stdout, stderr } = spawnSync(node, command, { cwd: root, env, encoding: 'utf8' })
  if (status !== 0) say(`${name} could not be bundled:\n${stdout}${stderr}`)
  return status === 0
}

function whyNoTray(electron) {
  if (!electron) return `Electron is not installed (${howToInstall} downloads it)`
  const { DISPLAY, WAYLAND_DISPLAY } = process.env
  if (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY)
    return 'no desktop was found (neither DISPLAY nor WAYLAND_DISPLAY is set)'
  return null
}

ensurePackages()
const node = ensureNode()
const rest = process.argv.slice(2)
const electron = findElectron()
const why = whyNoTray(electron)
if (why) {
  say(`${why}, so the server with its dashboard starts instead of the tray.`)
  // Tokens are kept alive even where the dashboard cannot be shown.
  make(node, pages)
  runNode(node, [at('app', 'cli', 'main.ts'), 'serve', '--open', ...rest])
} else if (make(node, pages) && make(node, shell)) {
  // An editor's terminal sets it for its own sake; Electron would start as a mere Node.
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env
  runProgram(electron, [at('dist', 'main'), ...rest], env)
} else process.exit(1)
