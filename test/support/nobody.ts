// Runs a script of Node's as another user of this computer (uid 65534), for tests of what other users may do.
// It needs root and util-linux; elsewhere `reason` says why these tests are skipped.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

export const nobody = 65_534
const isRoot = process.getuid?.() === 0
export const reason =
  isRoot && existsSync('/usr/bin/setpriv')
    ? null
    : 'Skipped: only root can act as another user, with setpriv (util-linux), on Linux.'

/** What the script prints, as JSON. Rejects where it fails. */
export function runAsNobody(script: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', process.execPath]
    const child = spawn('setpriv', [...options, '--input-type=module', '-e', script], {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(out || 'null')) : reject(new Error(err))))
  })
}
