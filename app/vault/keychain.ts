// The system's keychain behind a small interface: one item per vault, which holds its 32-byte key and nothing else.
// The real one is keytar (Keychain, Credential Manager, Secret Service), run in a child process.
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { onAbort } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { expose, Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { type LockState, readLockState } from './secret-service.ts'

/** Items of service "tokentray". Each function rejects with `keychainMissing`, `keychainLocked` or `keychainUnanswered`. */
export interface Keychain {
  /** null: the keychain answered, and there is no such item. */
  get(account: string): Promise<Secret | null>
  set(account: string, value: Secret): Promise<void>
  delete(account: string): Promise<void>
}

export type KeychainOptions = {
  clock: Clock
  /** Called once when the keychain is waiting for the person to unlock it. */
  onWaiting?: () => void
  /** Aborted: what waits is given up, with `ownerStopping`, and its process ended. */
  signal?: AbortSignal
  /** The module with keytar's API; for tests. */
  module?: string
  /** Starts the process that loads keytar; a fused Electron cannot act as Node and has its own way. */
  startHelper?: StartHelper
  readLockState?: (limitMs: number) => Promise<LockState>
}

const service = 'tokentray'
/** How long a keychain may be silent before it is asked whether it waits for the person. */
const maxSilenceMs = 5_000
/** How long the person may take. */
const maxPersonMs = 120_000
const lockStateLimitMs = 2_000

// In a child, because a call to a keychain that hangs (25 to 50 s with a frozen Secret Service) occupies a libuv thread,
// and Node joins those threads at every exit, process.exit() included; a child can be killed. It also keeps a crash
// of the native code out of the owner. The script is inline so that bundling cannot lose it, and nothing is loaded
// until it is needed. The value travels by pipe, never as an argument.
const script = `
let text = ''
process.stdin.on('data', part => { text += part }).on('end', async () => {
  const answer = it => process.stdout.write(JSON.stringify(it), () => process.exit(0))
  const { module, call, words } = JSON.parse(text)
  let keytar
  try { keytar = require(module) } catch { return answer({ problem: 'load' }) }
  try { answer({ value: await keytar[call](...words) }) } catch { answer({ problem: 'refused' }) }
})`

export type HelperRequest = {
  /** The path of the module with keytar's API. */
  module: string
  call: 'getPassword' | 'setPassword' | 'deletePassword'
  words: string[]
}
export type Answer = { value?: unknown; problem?: 'load' | 'refused' | 'killed' }
/** Calls `answered` once, whatever becomes of the process: `killed` where it ended without an answer. */
export type StartHelper = (request: HelperRequest, answered: (answer: Answer) => void) => { kill(): void }

const startNode: StartHelper = (request, answered) => {
  const child = execFile(
    process.execPath,
    ['-e', script],
    // Lets an unfused Electron act as Node; Node ignores it.
    { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' }, windowsHide: true },
    (_, out) => answered(parseAnswer(out))
  )
  // A child that dies at once breaks the pipe; its exit says what matters.
  child.stdin?.on('error', () => {})
  child.stdin?.end(JSON.stringify(request))
  return { kill: () => child.kill('SIGKILL') }
}

/** The keychain of the person's session. Loads nothing and asks nothing until it is used. */
export function createKeychain(options: KeychainOptions): Keychain {
  const { clock, onWaiting, signal, startHelper = startNode, readLockState: lockState = readLockState } = options
  const module = () => options.module ?? createRequire(import.meta.url).resolve('keytar')

  async function ask(call: HelperRequest['call'], ...words: string[]): Promise<unknown> {
    const { value, problem } = await new Promise<Answer>((resolve, reject) => {
      let path: string
      try {
        path = module()
      } catch {
        return resolve({ problem: 'load' })
      }
      if (signal?.aborted) return reject(stopped())
      let isOver = false
      const helper = startHelper({ module: path, call, words: [service, ...words] }, (answer) => {
        isOver = true
        cancel()
        stopListening()
        resolve(answer)
      })
      const stopListening = onAbort(signal, () => {
        isOver = true
        cancel()
        helper.kill()
        reject(stopped())
      })
      let cancel = clock.after(maxSilenceMs, async () => {
        // macOS and Windows cannot be asked whether a prompt is open, and there it is the only likely reason.
        const waits = process.platform !== 'linux' || (await lockState(lockStateLimitMs)) === 'locked'
        if (isOver) return
        if (!waits) {
          helper.kill()
          return reject(unanswered())
        }
        onWaiting?.()
        cancel = clock.after(maxPersonMs, () => {
          helper.kill()
          reject(locked())
        })
      })
    })
    if (!problem) return value
    if (problem !== 'load' && (process.platform !== 'linux' || (await lockState(lockStateLimitMs)) === 'locked'))
      throw locked()
    throw missing(problem)
  }

  return {
    async get(account) {
      const value = await ask('getPassword', account)
      if (typeof value === 'string') return new Secret(value)
      // libsecret says the same of a locked item as of an absent one.
      if ((await lockState(lockStateLimitMs)) === 'locked') throw locked()
      return null
    },
    async set(account, value) {
      await ask('setPassword', account, expose(value))
    },
    async delete(account) {
      await ask('deletePassword', account)
    }
  }
}

function parseAnswer(out: string): Answer {
  try {
    return JSON.parse(out) as Answer
  } catch {
    return { problem: 'killed' }
  }
}

const orPassphrase =
  'or use a passphrase instead: run "tokentray vault create --ask-passphrase", or set TOKENTRAY_PASSPHRASE_FILE or TOKENTRAY_PASSPHRASE'

function locked(): TokentrayError {
  return new TokentrayError(
    'keychainLocked',
    'The keychain is locked. Unlock it (log in to the desktop) and try again.'
  )
}

function unanswered(): TokentrayError {
  return new TokentrayError(
    'keychainUnanswered',
    'The keychain does not respond. Restart it (or the desktop session) and try again.'
  )
}

function stopped(): TokentrayError {
  return new TokentrayError('ownerStopping', 'Tokentray is shutting down. Try again in a moment.')
}

function missing(problem: string): TokentrayError {
  const why =
    problem === 'load'
      ? 'The keychain library could not be loaded (on Linux, install libsecret-1-0)'
      : 'No keychain service is available, or it refused access (on Linux, it needs a D-Bus session and gnome-keyring or KWallet)'
  return new TokentrayError('keychainMissing', `${why}. Make a keychain available, ${orPassphrase}.`)
}
