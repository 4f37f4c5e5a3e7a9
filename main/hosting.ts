// What the desktop application needs to own a vault: as on the command line, but with Electron's keychain and proxy settings.
// There is no terminal, so notices go to the log alone and nobody is asked for a passphrase: the window shows both.
import { systemClock, systemRandom } from '../app/base/clock.ts'
import { locate } from '../app/base/paths.ts'
import { readVersion } from '../app/base/version.ts'
import { openCore } from '../app/core/core.ts'
import type { ResolveProxy } from '../app/net/proxy.ts'
import type { Hosting } from '../app/owner/hosting.ts'
import { claimOwnership } from '../app/owner/lock.ts'
import type { StartHelper } from '../app/vault/keychain.ts'

/** `desktop` is asked once the core opens: Electron must be ready by then. */
export function createHosting(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  desktop: { startKeychainHelper: StartHelper; systemProxy: ResolveProxy }
): Hosting {
  return {
    env,
    paths: locate(env, process.platform),
    version: readVersion(),
    clock: systemClock(),
    random: systemRandom,
    signal,
    claim: async (folder) => claimOwnership(folder),
    hostCore: (options) => openCore({ ...options, ...desktop }),
    notice: () => {},
    ask: null
  }
}
