// The tests' seam in the main process: notes what the shell asks of Electron, and clicks what a person would click.
// Electron has no getter for a tray's menu, so its objects are wrapped before the shell is loaded; nothing in main/ knows.
import type * as Electron from 'electron'
import { readHandOver } from '../support/handOver.ts'

/** What it touches of Electron; the stand-in has the same. */
export type Recordable = {
  app: Pick<Electron.App, 'getLoginItemSettings' | 'setLoginItemSettings'> & {
    on(name: string, listener: (event: unknown, contents: unknown) => void): unknown
  }
  dialog: Pick<typeof Electron.dialog, 'showMessageBox'>
  ipcMain: Pick<Electron.IpcMain, 'handle'> & {
    on(channel: string, listener: (event: Electron.IpcMainEvent, ...args: unknown[]) => void): unknown
  }
  nativeImage: Pick<typeof Electron.nativeImage, 'createFromPath'>
  Notification: Pick<typeof Electron.Notification, 'isSupported'> & {
    prototype: Pick<Electron.Notification, 'show' | 'emit' | 'title' | 'body'>
  }
  powerMonitor: { emit(name: string, ...args: unknown[]): boolean }
  shell: Pick<typeof Electron.shell, 'openExternal'>
  Tray: {
    prototype: Pick<Electron.Tray, 'setImage' | 'setToolTip' | 'setContextMenu' | 'popUpContextMenu' | 'emit'>
  }
}

/** What can be seen from outside, as plain data. */
export type Seen = {
  /** The tray menu's lines, servers' as "mark: label". */
  labels: string[]
  /** The labels of the lines that are ticked. */
  ticked: string[]
  /** The drawing the tray shows, by its file's name; null before there is one. */
  icon: string | null
  tooltip: string
  notifications: { title: string; body: string }[]
  /** Addresses handed to the person's browser, which is never started. */
  opened: string[]
  dialogs: string[]
}

export type Recorder = {
  seen(): Seen
  /** Resolves with the count of changes once there are more than `since`. */
  changed(since: number): Promise<number>
  count(): number
  /** Clicks the line whose label begins so, or the one inside it. */
  click(label: string, inner?: string): void
  clickNotification(index: number): void
  power(name: 'resume' | 'suspend' | 'unlock-screen'): void
  /** Everything that crossed the IPC so far, both ways, as JSON. */
  traffic(): string[]
}

type Item = Pick<Electron.MenuItem, 'label' | 'icon' | 'checked' | 'click'> & { submenu?: { items: Item[] } }
type Send = { send(channel: string, ...args: unknown[]): void }

/** To be called once, before the shell is loaded. */
export function record(electron: Recordable, platform: NodeJS.Platform): Recorder {
  const seen: Omit<Seen, 'labels' | 'ticked'> = {
    icon: null,
    tooltip: '',
    notifications: [],
    opened: [],
    dialogs: []
  }
  const traffic: string[] = []
  const files = new WeakMap<object, string>()
  const shown: Electron.Notification[] = []
  let tray: Electron.Tray | null = null
  let items: Item[] = []
  let count = 0
  const waiting = new Set<() => void>()
  const note = () => {
    count++
    for (const resolve of waiting) resolve()
    waiting.clear()
  }
  const cross = (what: unknown) => {
    traffic.push(JSON.stringify(what) ?? '')
    note()
  }

  const { nativeImage, Tray, Notification, shell, dialog, ipcMain, app } = electron
  const createFromPath = nativeImage.createFromPath.bind(nativeImage)
  nativeImage.createFromPath = (path) => {
    const image = createFromPath(path)
    files.set(image, path.split(/[/\\]/).at(-1) ?? path)
    // The first drawing is given to the constructor, which cannot be wrapped.
    if (/tray-[^/\\]*$/.test(path)) seen.icon = files.get(image) ?? null
    return image
  }
  const { setImage, setToolTip, setContextMenu } = Tray.prototype
  Tray.prototype.setImage = function (this: Electron.Tray, image) {
    seen.icon = typeof image === 'string' ? image : (files.get(image) ?? null)
    setImage.call(this, image)
    note()
  }
  Tray.prototype.setToolTip = function (this: Electron.Tray, text) {
    tray = this
    seen.tooltip = text
    setToolTip.call(this, text)
    note()
  }
  Tray.prototype.setContextMenu = function (this: Electron.Tray, menu) {
    items = (menu?.items ?? []) as unknown as Item[]
    setContextMenu.call(this, menu)
    note()
  }
  // Not passed on: a menu that is open would hold the main process on some systems.
  Tray.prototype.popUpContextMenu = (menu) => {
    items = (menu?.items ?? []) as unknown as Item[]
  }

  // None is shown: a test run must not speak to the person at the machine, and a machine of its own may show none.
  Notification.isSupported = () => true
  Notification.prototype.show = function (this: Electron.Notification) {
    shown.push(this)
    seen.notifications.push({ title: this.title, body: this.body })
    note()
  }
  shell.openExternal = async (url) => {
    seen.opened.push(url.startsWith('file:') ? await readHandOver(url) : url)
    note()
  }
  dialog.showMessageBox = ((...args: unknown[]) => {
    seen.dialogs.push((args.at(-1) as Electron.MessageBoxOptions).message)
    note()
    return Promise.resolve({ response: 0, checkboxChecked: false })
  }) as typeof dialog.showMessageBox
  let startsAtLogin = false
  const getLoginItemSettings = app.getLoginItemSettings.bind(app)
  app.getLoginItemSettings = (options) => ({
    ...getLoginItemSettings(options),
    openAtLogin: startsAtLogin,
    executableWillLaunchAtLogin: startsAtLogin,
    wasOpenedAtLogin: false
  })
  app.setLoginItemSettings = ({ openAtLogin = false }) => {
    startsAtLogin = openAtLogin
  }

  const handle = ipcMain.handle.bind(ipcMain)
  ipcMain.handle = (channel, handler) =>
    handle(channel, async (event, ...args) => {
      cross(args)
      const reply: unknown = await handler(event, ...args)
      cross(reply)
      return reply
    })
  const on = ipcMain.on.bind(ipcMain)
  ipcMain.on = (channel, listener) =>
    on(channel, (event, ...args) => {
      cross(args)
      listener(event, ...args)
    })
  app.on('web-contents-created', (_, given) => {
    const contents = given as Send
    const send = contents.send.bind(contents)
    contents.send = (channel, ...args) => {
      cross(args)
      send(channel, ...args)
    }
  })

  /** The lines as they are now: where the menu is built as it opens, it is opened first. */
  function lines(): Item[] {
    if (platform !== 'linux') tray?.emit('right-click')
    return items.filter(({ label }) => label)
  }
  function find(list: Item[], label: string): Item {
    const item = list.find((each) => each.label?.startsWith(label))
    if (!item) throw new Error(`no "${label}" among ${list.map((each) => each.label).join(' | ')}`)
    return item
  }
  const markOf = ({ icon }: Item) =>
    /^item-(\w+)-/.exec((icon && typeof icon === 'object' && files.get(icon)) || '')?.[1] ?? null

  return {
    seen() {
      const now = lines()
      return {
        ...seen,
        labels: now.map((item) => (markOf(item) ? `${markOf(item)}: ${item.label}` : item.label)),
        ticked: now.filter(({ checked }) => checked).map(({ label }) => label)
      }
    },
    count: () => count,
    async changed(since) {
      if (count <= since) await new Promise<void>((resolve) => void waiting.add(resolve))
      return count
    },
    click(label, inner) {
      const item = find(lines(), label)
      const clicked = inner === undefined ? item : find(item.submenu?.items ?? [], inner)
      clicked.click()
    },
    clickNotification: (index) => void shown[index]?.emit('click'),
    power: (name) => void electron.powerMonitor.emit(name),
    traffic: () => traffic
  }
}
