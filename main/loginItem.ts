// Starting at login: the system's own switch on macOS and Windows, an XDG autostart file on Linux.
// Nothing is remembered here: the state is read from the system each time, since a person may change it there.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { app } from 'electron'
import { readRegularFileSync } from '../app/base/regularFile.ts'
import { TokentrayError } from '../app/contract/errors.ts'
import { sayProblem } from '../app/health/problems.ts'
import { isEntryOn, writeEntry } from './autostart.ts'

/** The argument of a start that opens no window. */
export const hiddenFlag = '--hidden'

export type LoginItem = {
  isOn(): boolean
  /** @throws settingsUnwritable */
  set(on: boolean): void
}

/** In a checkout the program is a bare Electron, which must be told what to run. */
const ownArguments = () => (app.isPackaged ? [] : [app.getAppPath()])

export function createLoginItem(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): LoginItem {
  if (platform === 'linux') return createAutostart(env)
  // macOS takes no arguments; there wasOpenedAtLogin tells such a start.
  const options = platform === 'win32' ? { args: [...ownArguments(), hiddenFlag] } : {}
  return {
    isOn() {
      const { openAtLogin, executableWillLaunchAtLogin } = app.getLoginItemSettings(options)
      // On Windows the entry may be there and switched off in the Task Manager.
      return platform === 'win32' ? openAtLogin && executableWillLaunchAtLogin : openAtLogin
    },
    set: (on) =>
      app.setLoginItemSettings({ openAtLogin: on, ...options, ...(platform === 'win32' ? { enabled: on } : {}) })
  }
}

function createAutostart(env: NodeJS.ProcessEnv): LoginItem {
  const folder = join(env.XDG_CONFIG_HOME || join(app.getPath('home'), '.config'), 'autostart')
  const file = join(folder, 'tokentray.desktop')
  // An AppImage runs from a mount that is gone after a reboot; APPIMAGE names the file itself.
  const program = env.APPIMAGE || process.execPath
  const command = [program, ...ownArguments(), hiddenFlag]
  return {
    isOn() {
      try {
        return isEntryOn(readRegularFileSync(file), command)
      } catch {
        return false
      }
    },
    set(on) {
      try {
        if (!on) return rmSync(file, { force: true })
        mkdirSync(folder, { recursive: true })
        writeFileSync(file, writeEntry(command))
      } catch (cause) {
        throw new TokentrayError(
          'settingsUnwritable',
          `Start at login was not changed. ${file} could not be written: ${sayProblem((cause as NodeJS.ErrnoException).code)}.`,
          { cause }
        )
      }
    }
  }
}

/** True where the system started Tokentray at login: then no window opens. */
export function isHiddenStart(argv: readonly string[]): boolean {
  return argv.includes(hiddenFlag) || (process.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin)
}
