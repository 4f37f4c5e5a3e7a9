// Finds Electron's runtime, if it was downloaded. Runs on any Node from 20 on, before anything is installed.
// Does not ask node_modules/electron, which would start a download.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './node.mjs'

/** What a person runs to have it; `install-electron` comes with the package. */
export const howToInstall = 'npx install-electron'

const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }

/** The path of the binary, found as the package does (path.txt, ELECTRON_OVERRIDE_DIST_PATH); null where there is none. */
export function findElectron(env = process.env) {
  const folder = join(root, 'node_modules', 'electron')
  const told = join(folder, 'path.txt')
  const name = existsSync(told) ? readFileSync(told, 'utf8').trim() : null
  const { ELECTRON_OVERRIDE_DIST_PATH: given } = env
  if (!given && !name) return null
  const binary = join(given || join(folder, 'dist'), name ?? names[process.platform] ?? 'electron')
  return existsSync(binary) ? binary : null
}
