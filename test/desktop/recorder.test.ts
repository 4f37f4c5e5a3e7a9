// The recorder as Electron gets it: bundled to CommonJS, loaded before the shell, clicking and telling what it saw.
// On the stand-in's objects; that Electron's own can be wrapped alike is proved where the story runs on Electron.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createElectron } from '../electron-double/electron.ts'
import { bundleRecorder } from './electron.ts'

test('loaded by -r it sees icon, menu and notifications, and clicks what a person would', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-recorder-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { electron } = createElectron({ paths: {}, isFirst: true, shim: '' })
  const own = globalThis as unknown as { standIn?: typeof electron }
  own.standIn = electron
  onTestFinished(() => {
    delete own.standIn
  })
  mkdirSync(join(folder, 'node_modules', 'electron'), { recursive: true })
  writeFileSync(join(folder, 'node_modules', 'electron', 'index.js'), 'module.exports = globalThis.standIn')
  const file = join(folder, 'recorder.cjs')
  await bundleRecorder(file)
  createRequire(file)(file)

  const { tokentrayRecorder: recorder } = globalThis
  const { Menu, Tray, Notification, nativeImage, shell } = electron as unknown as typeof import('electron')
  const tray = new Tray(nativeImage.createFromPath('/icons/tray-healthy-dark.png'))
  tray.setToolTip('All is well')
  const clicked: string[] = []
  const line = (label: string) => ({ label, click: () => void clicked.push(label) })
  const icon = nativeImage.createFromPath('/icons/item-waiting-dark.png')
  const menu = Menu.buildFromTemplate([
    { label: 'one — Retrying', icon, submenu: [line('Refresh now')] },
    { type: 'separator' },
    { ...line('Start at login'), type: 'checkbox', checked: true }
  ])
  const before = recorder.count()
  const changed = recorder.changed(before)
  tray.setContextMenu(menu)
  expect(await changed).toBeGreaterThan(before)
  const notification = new Notification({ title: 'one', body: 'needs you' })
  notification.on('click', () => clicked.push('the notification'))
  notification.show()
  await shell.openExternal('https://example.com/')
  recorder.click('one', 'Refresh now')
  recorder.click('Start at')
  recorder.clickNotification(0)
  expect(clicked).toEqual(['Refresh now', 'Start at login', 'the notification'])
  expect(() => recorder.click('two')).toThrow('no "two" among one — Retrying | Start at login')
  expect(recorder.seen()).toEqual({
    labels: ['waiting: one — Retrying', 'Start at login'],
    ticked: ['Start at login'],
    icon: 'tray-healthy-dark.png',
    tooltip: 'All is well',
    notifications: [{ title: 'one', body: 'needs you' }],
    opened: ['https://example.com/'],
    dialogs: []
  })
})
