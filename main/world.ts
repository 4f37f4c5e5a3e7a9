// The shell's world: the same seams the command line uses, with Electron's keychain behind openCore().
// There is no terminal, so nothing is asked there.
import { Readable, Writable } from 'node:stream'
import { systemClock, systemRandom } from '../app/base/clock.ts'
import { locate } from '../app/base/paths.ts'
import { readVersion } from '../app/base/version.ts'
import type { World } from '../app/cli/world.ts'
import { openCore } from '../app/core/core.ts'
import type { ResolveProxy } from '../app/net/proxy.ts'
import { claimOwnership } from '../app/owner/lock.ts'
import type { StartHelper } from '../app/vault/keychain.ts'

const nowhere = () => new Writable({ write: (_, __, done) => done() })

/** `desktop` is asked once the core opens: Electron must be ready by then. */
export function makeWorld(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  desktop: { startKeychainHelper: StartHelper; systemProxy: ResolveProxy }
): World {
  return {
    env,
    platform: process.platform,
    paths: locate(env, process.platform),
    version: readVersion(),
    stdin: Readable.from([]),
    stdout: nowhere(),
    stderr: nowhere(),
    clock: systemClock(),
    random: systemRandom,
    signal,
    claim: async (folder) => claimOwnership(folder),
    hostCore: (options) => openCore({ ...options, ...desktop }),
    openBrowser: async () => false,
    openPage: async () => false
  }
}
