// Start at login where the desktop does not let it be refreshMenu: told in the menu and over the IPC, never thrown.
// Electron is stood in for by the few calls these parts make.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Reply } from '../../app/contract/commands.ts'
import { type Actions, carryOut } from '../../main/actions.ts'
import { channels } from '../../main/channels.ts'
import { type IpcOptions, openIpc } from '../../main/ipc.ts'
import { createLoginItem } from '../../main/loginItem.ts'
import { startPage } from '../../main/pages.ts'

type Handler = (event: unknown, name: unknown, input: unknown) => Promise<Reply<unknown>>
const handlers = vi.hoisted(() => new Map<string, Handler>())
vi.mock('electron', () => ({
  app: { isPackaged: true, getPath: () => '/nowhere' },
  ipcMain: { handle: (channel: string, handler: Handler) => handlers.set(channel, handler), on() {} }
}))

test('an autostart folder that cannot be written', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tokentray-login-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  writeFileSync(join(home, 'autostart'), 'a file, no folder')
  const loginItem = createLoginItem('linux', { XDG_CONFIG_HOME: home })

  const told: string[] = []
  const actions = {
    snapshot: () => null,
    loginItem,
    notifyOfSettings: (...said: string[]) => told.push(...said),
    refreshMenu() {}
  }
  await carryOut({ do: 'startAtLogin', on: true }, actions as unknown as Actions)
  expect(told).toEqual(['Start at login', expect.stringContaining('tokentray.desktop could not be written')])

  const contents = { mainFrame: { url: startPage } }
  const set = ({ startAtLogin }: { startAtLogin?: boolean }) => {
    loginItem.set(startAtLogin === true)
  }
  openIpc({ contents: () => contents, desktop: { set } } as unknown as IpcOptions)
  const event = { sender: contents, senderFrame: contents.mainFrame }
  const reply = await handlers.get(channels.call)?.(event, 'desktop.set', { startAtLogin: true })
  expect(reply).toMatchObject({ ok: false, code: 'settingsUnwritable' })
  expect(loginItem.isOn()).toBe(false)
})
