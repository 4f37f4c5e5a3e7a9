// Electron's entry: runs as one instance, owns the vault and shows it; before it ends, work in flight is finished.
// --hidden starts without a window; --smoke tests a packaged application and ends by itself.
import { join } from 'node:path'
import { app, dialog, Menu } from 'electron'
import { makePrivateFolder } from '../app/base/paths.ts'
import { asTokentrayError } from '../app/contract/errors.ts'
import { type Hosted, host } from '../app/owner/host.ts'
import { type OpenedGateway, openGateway } from '../app/owner/openGateway.ts'
import { takeOver } from '../app/owner/takeOver.ts'
import { refuseDebugging } from './debugging.ts'
import { createHosting } from './hosting.ts'
import { electronHelper } from './keychain.ts'
import { isHiddenStart } from './loginItem.ts'
import { electronProxy } from './proxy.ts'
import { openShell, type Shell } from './shell.ts'
import { isSmokeStart, makeSmokeHome, proveIt } from './smoke.ts'
import { announceScheme, guardContents } from './window.ts'

const folder = import.meta.dirname
const stopping = new AbortController()
const isSmoke = isSmokeStart(process.argv)
const env = isSmoke ? { ...process.env, ...makeSmokeHome() } : process.env
const hosting = createHosting(env, stopping.signal, {
  startKeychainHelper: electronHelper(join(folder, 'keychainChild.js')),
  systemProxy: electronProxy
})
let shell: Shell | null = null
let hosted: Hosted | null = null
let gateway: OpenedGateway | null = null
let leaving: Promise<void> | null = null

/** Finishes what is in flight, then ends. */
function leave(exitCode = 0): Promise<void> {
  leaving ??= (async () => {
    stopping.abort(new Error('Tokentray is shutting down.'))
    shell?.close()
    await Promise.all([gateway?.close(), hosted?.leave()].map((ending) => ending?.catch(() => {})))
    app.exit(exitCode)
  })()
  return leaving
}

/** The core, owned by this process; asks the person where it cannot start. Null: the person gave up. */
async function open(): Promise<Hosted | null> {
  if (isSmoke) return host(hosting, { release() {} }, 'lasting', { ephemeral: true })
  for (;;) {
    try {
      return await host(hosting, await takeOver(hosting), 'lasting', { standBy: true })
    } catch (error) {
      if (stopping.signal.aborted) return null
      const { response } = await dialog.showMessageBox({
        type: 'error',
        message: 'Tokentray cannot start',
        detail: asTokentrayError(error).message,
        buttons: ['Try again', 'Quit'],
        defaultId: 0,
        cancelId: 1
      })
      if (response !== 0) return null
    }
  }
}

async function start(): Promise<void> {
  Menu.setApplicationMenu(
    process.platform === 'darwin'
      ? Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }, { role: 'windowMenu' }])
      : null
  )
  const isHidden = isHiddenStart(process.argv)
  shell = await openShell(hosting, { folder, platform: process.platform, isHidden, isSmoke, quit: () => app.quit() })
  // Asked to quit meanwhile: what was just opened is closed again, and nothing more is begun.
  if (leaving) return shell.close()
  hosted = await open()
  if (!hosted) return leave(1)
  if (leaving) return hosted.leave()
  if (!isSmoke)
    gateway = await openGateway(hosted.core, { folder: hosting.paths.ownerFolder, clock: hosting.clock, choice: {} })
  if (leaving) return gateway?.close()
  shell.attach(hosted)
  void hosted.core.ended.then(() => app.quit())
  if (isSmoke) await leave((await proveIt(hosting, shell.load())) ? 0 : 1)
}

// Beside the vault, so that two homes are two instances; not in it, since Chromium writes what it likes there.
const userData = join(hosting.paths.home, 'electron')
makePrivateFolder(userData)
app.setPath('userData', userData)
app.setAppUserModelId('dev.tokentray.Tokentray')
const refusal = refuseDebugging(app)
if (refusal) {
  console.error(refusal)
  app.exit(1)
} else if (!isSmoke && !app.requestSingleInstanceLock()) app.exit(0)
else {
  announceScheme()
  guardContents((url) => shell?.openSignIn(url) ?? false)
  app.enableSandbox()
  app.on('second-instance', () => shell?.show())
  // The tray lives on without a window.
  app.on('window-all-closed', () => {})
  app.on('before-quit', (event) => {
    event.preventDefault()
    void leave()
  })
  app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      dialog.showErrorBox('Tokentray cannot start', asTokentrayError(error).message)
      void leave(1)
    })
}
