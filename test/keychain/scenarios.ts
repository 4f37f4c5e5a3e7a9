// What the tests of the real keychain do inside their session. Usage: scenarios.ts <name> <vault>; prints one JSON value.
// Whatever fails is reported as its code, with whether the vault's files stayed as they were.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemClock } from '../../app/base/clock.ts'
import { expose, Secret } from '../../app/base/secret.ts'
import { asTokentrayError } from '../../app/contract/errors.ts'
import { accountOf } from '../../app/vault/key.ts'
import { createKeychain } from '../../app/vault/keychain.ts'
import { openVault } from '../../app/vault/open.ts'
import { readLockState } from '../../app/vault/secret-service.ts'
import { digestFolder, sampleServer } from '../vault/vault.fixture.ts'

const [name, path] = process.argv.slice(2) as [string, string]
const clock = systemClock()
const keychain = createKeychain({ clock })
const passphrase = new Secret('open sesame')
const account = accountOf(path)

async function fill(given: { passphrase?: Secret } = {}): Promise<void> {
  const vault = await openVault({ path, clock, keychain, ...given })
  await vault.addServer(sampleServer(), {})
  await vault.close()
}

/** The servers found, or the code and whether the files are untouched. */
async function attempt(given: { passphrase?: Secret } = {}): Promise<unknown> {
  const files = () => (existsSync(dirname(path)) ? JSON.stringify(digestFolder(dirname(path))) : '{}')
  const before = files()
  try {
    const vault = await openVault({ path, clock, keychain, ...given })
    const servers = (await vault.servers()).map((it) => it.config.id)
    await vault.close()
    return { servers, keySource: vault.keySource }
  } catch (error) {
    const { code, message } = asTokentrayError(error)
    return { code, message, untouched: files() === before }
  }
}

function lock(): void {
  const service = '/org/freedesktop/secrets'
  const call = ['call', '--session', '--dest', 'org.freedesktop.secrets', '--object-path', service]
  execFileSync('gdbus', [...call, '--method', 'org.freedesktop.Secret.Service.Lock', `['${service}/collection/login']`])
}

/** Stops the keyring's own process, found by asking the bus for it, and answers what lets it go on. */
function freeze(): () => void {
  const call = ['call', '--session', '--dest', 'org.freedesktop.DBus', '--object-path', '/org/freedesktop/DBus']
  const method = 'org.freedesktop.DBus.GetConnectionUnixProcessID'
  const said = execFileSync('gdbus', [...call, '--method', method, 'org.freedesktop.secrets'], { encoding: 'utf8' })
  const pid = Number(/uint32 (\d+)/.exec(said)![1])
  process.kill(pid, 'SIGSTOP')
  return () => process.kill(pid, 'SIGCONT')
}

const scenarios: Record<string, () => Promise<unknown>> = {
  async lifecycle() {
    const values: (string | null)[] = []
    const read = async () => {
      const value = await keychain.get('probe')
      values.push(value && expose(value))
    }
    await read()
    await keychain.set('probe', new Secret('0f'.repeat(32)))
    await read()
    await keychain.delete('probe')
    await read()
    return values
  },
  async starts() {
    const first = await attempt()
    const key = expose((await keychain.get(account))!)
    await fill()
    const second = await attempt()
    return { first, second, sameKey: expose((await keychain.get(account))!) === key, length: key.length }
  },
  attempt: () => attempt(),
  async locked() {
    await fill()
    const before = await readLockState(2_000)
    lock()
    return { before, after: await readLockState(2_000), attempt: await attempt() }
  },
  async lockedAtFirst() {
    lock()
    return attempt()
  },
  async missing() {
    await fill()
    await keychain.delete(account)
    return { attempt: await attempt(), stillNone: (await keychain.get(account)) === null }
  },
  async wrong() {
    await fill()
    await keychain.set(account, new Secret('ab'.repeat(32)))
    return attempt()
  },
  async frozen() {
    await fill()
    const thaw = freeze()
    // Only once our own exit is under way: it must not depend on the daemon.
    process.on('exit', thaw)
    const answer = await attempt()
    const answeredAt = clock.now()
    // A daemon that is waited for would hold it back for 50 s.
    process.on('exit', () => {
      if (clock.now() - answeredAt > 25_000) process.exitCode = 1
    })
    return answer
  },
  async passphrase() {
    await fill({ passphrase })
    return {
      right: await attempt({ passphrase }),
      wrong: await attempt({ passphrase: new Secret('wrong') }),
      none: await attempt()
    }
  },
  async noLibrary() {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const broken = createKeychain({ clock, module: '/nonexistent/keytar.node' })
    return broken.get(account).catch((error: unknown) => asTokentrayError(error).code)
  }
}

console.log(JSON.stringify(await scenarios[name]!()))
