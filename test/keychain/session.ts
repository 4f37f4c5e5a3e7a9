// A desktop session for one child: a private D-Bus, a private home and, where asked for, a real gnome-keyring.
// The child runs a scenario of scenarios.ts and prints JSON; the person's own keyring is never in reach.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { privateFolder } from '../vault/vault.fixture.ts'

/** `none`: a bus on which nothing offers secrets. `noBus`: not even a bus. */
export type SessionKind = 'unlocked' | 'none' | 'noBus'

const needed = ['dbus-run-session', 'gnome-keyring-daemon', 'gdbus']
const absent = needed.filter((tool) => !existsSync(`/usr/bin/${tool}`))

/** Why the real keychain cannot be tested here; null where it can. */
export const whyNot =
  process.platform !== 'linux'
    ? 'The tests of the real keychain run on Linux only.'
    : absent.length > 0
      ? `The tests of the real keychain are skipped: ${absent.join(', ')} missing; install dbus gnome-keyring libsecret-1-0 libglib2.0-bin.`
      : null
if (whyNot) console.warn(whyNot)

// The daemon would keep our stdout open without the redirection, and a wrong password still ends with 0.
const unlock = `printf %s pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec "$@"`

// Without service directories the bus cannot start a keyring by itself.
const bareBus = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

/**
 * Runs one scenario; resolves with what it printed, and rejects with its stderr where it failed. Either way the whole
 * session is over: bus and keyring end after the child, and until then may write into its home.
 */
export async function runInSession(scenario: string, kind: SessionKind = 'unlocked'): Promise<unknown> {
  // Not where this machine keeps its temporary files: that name may be too long for the keyring's socket.
  const home = privateFolder('/tmp')
  const folder = (name: string) => {
    mkdirSync(join(home, name), { mode: 0o700 })
    return join(home, name)
  }
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: folder('home'),
    XDG_RUNTIME_DIR: folder('run'),
    XDG_DATA_HOME: folder('data'),
    XDG_CONFIG_HOME: folder('config'),
    XDG_CACHE_HOME: folder('cache')
  }
  const child = [
    process.execPath,
    join(import.meta.dirname, 'scenarios.ts'),
    scenario,
    join(home, 'tokentray/vault.db')
  ]
  const configuration = join(home, 'bus.conf')
  writeFileSync(configuration, bareBus)
  const command = {
    unlocked: ['dbus-run-session', '--', 'bash', '-c', unlock, '_', ...child],
    none: ['dbus-run-session', `--config-file=${configuration}`, '--', ...child],
    noBus: child
  }[kind]
  if (kind === 'noBus') env.DBUS_SESSION_BUS_ADDRESS = `unix:path=${home}/no-bus`
  // The last pipe is handed down to everybody in the session and used by nobody: it is closed when all have ended.
  const session = spawn(command[0]!, command.slice(1), {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe']
  })
  const closed = once(session, 'close') as Promise<[number | null, string | null]>
  onTestFinished(async () => {
    if (session.exitCode === null && session.signalCode === null) process.kill(-session.pid!, 'SIGKILL')
    await closed
  })
  const [out, error, held] = session.stdio.slice(1) as Readable[]
  held!.resume()
  const [said, complaint, [code, signal]] = await Promise.all([text(out!), text(error!), closed])
  if (code !== 0) throw new Error(`${scenario} ended with ${code ?? signal}: ${complaint}${said}`)
  return JSON.parse(said)
}
