// `npm run test:electron`: the desktop's end-to-end tests on Electron itself instead of its stand-in.
// Without a runtime it says so and passes; with TOKENTRAY_REQUIRE_ELECTRON set, as in CI, it fails then.
import { join } from 'node:path'
import { findElectron, howToInstall } from './electron.mjs'
import { ensureNode, ensurePackages, root, runNode } from './node.mjs'

ensurePackages()
const electron = findElectron()
if (!electron) {
  const isRequired = Boolean(process.env.TOKENTRAY_REQUIRE_ELECTRON)
  console.log(
    `test:electron ${isRequired ? 'cannot run' : 'is skipped'}: Electron is not installed (${howToInstall} downloads it).`
  )
  process.exit(isRequired ? 1 : 0)
}
process.env.TOKENTRAY_TEST_ELECTRON = electron
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
runNode(ensureNode(), [vitest, 'run', 'test/desktop', ...process.argv.slice(2)])
