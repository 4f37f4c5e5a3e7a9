// A stand-in for the `electron` module, not Electron: it records what the shell asks for and can be clicked.
// Typed against Electron's own types, so that a changed signature is a compile error here.
import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { basename } from 'node:path'
import type * as Real from 'electron'
import type { Recordable } from '../desktop/recorder.ts'
import { readHandOver } from '../support/handOver.ts'
import { type Handlers, type MakePage, Page, type Pages, type Sender } from './page.ts'

/** Electron's function with its own parameters and this stand-in's smaller answer. */
type Answers<F, R> = F extends (...args: infer A) => unknown ? (...args: A) => R : never
/** A line of a menu as Electron hands it out: its lines inside are a menu again. */
export type Item = Pick<Real.MenuItem, 'label' | 'checked' | 'enabled' | 'click'> &
  Pick<Real.MenuItemConstructorOptions, 'icon'> & { submenu?: StandInMenu }
export type StandInMenu = { items: Item[] }

/** Everything that was asked of it, in order of kind. */
export type Recorded = {
  trays: StandInTray[]
  windows: StandInWindow[]
  notifications: { title: string; body: string; click(): void }[]
  dialogs: { message: string; detail: string; buttons: string[]; answer(index: number): void }[]
  opened: string[]
  /** The codes given to app.exit(). */
  exits: number[]
  schemes: Real.CustomScheme[]
  loginItems: Real.Settings[]
}

export interface StandInTray extends EventEmitter {
  /** File names, in the order they were drawn. */
  images: string[]
  tooltip: string
  /** The menu it shows, or showed last. */
  menu: Item[]
  isDestroyed: boolean
}

export interface StandInWindow extends EventEmitter {
  options: Real.BrowserWindowConstructorOptions
  isVisible: boolean
  page: Page
  webContents: Sender &
    Pick<Real.WebContents, 'setWindowOpenHandler' | 'executeJavaScript'> & {
      openHandler: Parameters<Real.WebContents['setWindowOpenHandler']>[0] | null
    }
  close(): void
}

export type StandInSession = {
  pages: Pages | null
  permission: Parameters<Real.Session['setPermissionRequestHandler']>[0]
  check: Parameters<Real.Session['setPermissionCheckHandler']>[0]
  device: Parameters<Real.Session['setDevicePermissionHandler']>[0]
  request: Parameters<Real.WebRequest['onBeforeRequest']>[0]
}

export type StandIn = {
  /** What `import … from 'electron'` gets. */
  electron: Record<string, unknown> &
    Recordable & {
      app: EventEmitter & { quit(): void }
      powerMonitor: EventEmitter
      nativeTheme: EventEmitter & { shouldUseDarkColors: boolean }
    }
  recorded: Recorded
  /** Emits 'noted' after whatever may interest a test that waits. */
  notes: EventEmitter
  sessions: Map<string, StandInSession>
  /** `proxy`: as a proxy script would answer. */
  network: { isOnline: boolean; proxy: string }
  /** Resolves once nothing of it runs any more; Electron's process would end with app.exit(). */
  over(): Promise<void>
}

/** One application's worth of Electron. `paths` answers getPath(); `shim` gives a child a parentPort. */
export function createElectron(given: {
  paths: Record<string, string>
  isFirst: boolean
  shim: string
  /** Whether it stands for an installed application. */
  isPackaged?: boolean | undefined
  /** Chromium's switches on its command line. */
  switches?: readonly string[] | undefined
  makePage?: MakePage | undefined
}): StandIn {
  const recorded: Recorded = {
    trays: [],
    windows: [],
    notifications: [],
    dialogs: [],
    opened: [],
    exits: [],
    schemes: [],
    loginItems: []
  }
  const notes = new EventEmitter().setMaxListeners(0)
  const note = () => void notes.emit('noted')
  const sessions = new Map<string, StandInSession>()
  const handlers: Handlers = new Map()
  const ipcMain = Object.assign(new EventEmitter(), {
    handle: (channel, handler) => void handlers.set(channel, handler)
  } satisfies Pick<Real.IpcMain, 'handle'>)
  const children = new Set<ChildProcess>()
  const childEnds: Promise<unknown>[] = []
  /** What was begun because it was ready. */
  const begun: Promise<unknown>[] = []

  const app = Object.assign(new EventEmitter(), {
    isPackaged: given.isPackaged ?? false,
    commandLine: { hasSwitch: (name) => given.switches?.includes(name) ?? false },
    getPath: (name) => given.paths[name] ?? '',
    setPath(name, path) {
      given.paths[name] = path
    },
    getAppPath: () => '/opt/tokentray',
    setAppUserModelId: () => {},
    requestSingleInstanceLock: () => given.isFirst,
    enableSandbox: () => {},
    whenReady() {
      const ready = Promise.resolve()
      const chain = ready.then.bind(ready)
      // biome-ignore lint/suspicious/noThenProperty: what was begun has no other trace
      ready.then = (...given) => {
        const next = chain(...given)
        begun.push(next)
        return next
      }
      return ready
    },
    getLoginItemSettings() {
      const { openAtLogin = false, enabled = true } = recorded.loginItems.at(-1) ?? {}
      return {
        openAtLogin,
        executableWillLaunchAtLogin: openAtLogin && enabled,
        wasOpenedAtLogin: false,
        status: openAtLogin ? 'enabled' : 'not-registered',
        launchItems: []
      }
    },
    setLoginItemSettings: (settings) => void recorded.loginItems.push(settings),
    quit() {
      let isHeld = false
      const preventDefault = () => {
        isHeld = true
      }
      app.emit('before-quit', { preventDefault })
      if (!isHeld) app.exit(0)
    },
    exit(code = 0) {
      recorded.exits.push(code)
      for (const child of children) child.kill()
      note()
    }
  } satisfies Pick<
    Real.App,
    | 'isPackaged'
    | 'getPath'
    | 'setPath'
    | 'getAppPath'
    | 'setAppUserModelId'
    | 'requestSingleInstanceLock'
    | 'enableSandbox'
    | 'whenReady'
    | 'getLoginItemSettings'
    | 'setLoginItemSettings'
    | 'quit'
    | 'exit'
  > & { commandLine: Pick<Real.CommandLine, 'hasSwitch'> })

  class Tray
    extends EventEmitter
    implements
      StandInTray,
      Pick<Real.Tray, 'setImage' | 'setToolTip' | 'destroy'>,
      Record<'setContextMenu' | 'popUpContextMenu', (menu: StandInMenu | null) => void>
  {
    images: string[]
    tooltip = ''
    menu: Item[] = []
    isDestroyed = false
    constructor(image: Real.NativeImage | string) {
      super()
      this.images = [String(image)]
      recorded.trays.push(this)
    }
    setImage(image: Real.NativeImage | string) {
      this.images.push(String(image))
      note()
    }
    setToolTip(tooltip: string) {
      this.tooltip = tooltip
      note()
    }
    setContextMenu(menu: StandInMenu | null) {
      this.menu = menu?.items ?? []
      note()
    }
    popUpContextMenu(menu?: StandInMenu | null) {
      this.setContextMenu(menu ?? null)
    }
    destroy() {
      this.isDestroyed = true
    }
  }

  class BrowserWindow
    extends EventEmitter
    implements
      StandInWindow,
      Pick<Real.BrowserWindow, 'loadURL' | 'show' | 'focus' | 'isMinimized' | 'restore' | 'close'>
  {
    readonly options: Real.BrowserWindowConstructorOptions
    readonly page: Page
    isVisible = false
    readonly webContents: StandInWindow['webContents']
    constructor(options: Real.BrowserWindowConstructorOptions = {}) {
      super()
      this.options = options
      const makePage: MakePage = given.makePage ?? ((...parts) => new Page(...parts))
      this.page = makePage(options.webPreferences?.preload ?? '', handlers, ipcMain, note)
      this.webContents = Object.assign(this.page.sender, {
        openHandler: null,
        setWindowOpenHandler: (handler: StandInWindow['webContents']['openHandler']) => {
          this.webContents.openHandler = handler
        },
        executeJavaScript: (code: string) => this.page.evaluate(code)
      })
      recorded.windows.push(this)
      app.emit('web-contents-created', {}, this.webContents)
    }
    async loadURL(url: string) {
      // It is what fromPartition() below made.
      const given = this.options.webPreferences?.session as unknown as ReturnType<typeof session.fromPartition>
      await this.page.load(url, given.own.pages ?? (async () => new Response(null, { status: 404 })))
      this.emit('ready-to-show')
      note()
    }
    show() {
      this.isVisible = true
      note()
    }
    focus() {
      note()
    }
    isMinimized() {
      return false
    }
    restore() {}
    close() {
      this.isVisible = false
      this.page.destroy()
      this.emit('closed')
    }
  }

  class Notification extends EventEmitter implements Pick<Real.Notification, 'show' | 'title' | 'body'> {
    static isSupported() {
      return true
    }
    title: string
    body: string
    constructor({ title = '', body = '' }: Real.NotificationConstructorOptions = {}) {
      super()
      this.title = title
      this.body = body
    }
    show() {
      const { title, body } = this
      recorded.notifications.push({ title, body, click: () => this.emit('click') })
      note()
    }
  }

  const buildFromTemplate = (template: Parameters<typeof Real.Menu.buildFromTemplate>[0]): StandInMenu => ({
    items: template.map(({ label = '', checked = false, enabled = true, icon, click, submenu }) => ({
      label,
      checked,
      enabled,
      ...(icon ? { icon } : {}),
      ...(Array.isArray(submenu) ? { submenu: buildFromTemplate(submenu) } : {}),
      click: () => click?.(undefined as never, undefined, undefined as never)
    }))
  })
  const Menu = { buildFromTemplate, setApplicationMenu: () => {} } satisfies Pick<
    typeof Real.Menu,
    'setApplicationMenu'
  > & { buildFromTemplate: Answers<typeof Real.Menu.buildFromTemplate, StandInMenu> }

  const dialog = {
    showMessageBox: (async (options: Real.MessageBoxOptions) => {
      const { promise, resolve } = Promise.withResolvers<Real.MessageBoxReturnValue>()
      const { message, detail = '', buttons = [] } = options
      const answer = (response: number) => resolve({ response, checkboxChecked: false })
      recorded.dialogs.push({ message, detail, buttons, answer })
      note()
      return promise
    }) as typeof Real.dialog.showMessageBox,
    showErrorBox(message, detail) {
      recorded.dialogs.push({ message, detail, buttons: [], answer() {} })
      note()
    }
  } satisfies Pick<typeof Real.dialog, 'showMessageBox' | 'showErrorBox'>

  const session = {
    defaultSession: { resolveProxy: async () => network.proxy } satisfies Pick<Real.Session, 'resolveProxy'>,
    fromPartition(name) {
      const own: StandInSession = { pages: null, permission: null, check: null, device: null, request: null }
      sessions.set(name, own)
      const made = {
        protocol: {
          handle(_, pages) {
            own.pages = async (request) => pages(request)
          }
        },
        setPermissionRequestHandler(handler) {
          own.permission = handler
        },
        setPermissionCheckHandler(handler) {
          own.check = handler
        },
        setDevicePermissionHandler(handler) {
          own.device = handler
        },
        webRequest: {
          onBeforeRequest(...given: unknown[]) {
            own.request = given.at(-1) as StandInSession['request']
          }
        }
      } satisfies Pick<
        Real.Session,
        'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
      > & { protocol: Pick<Real.Protocol, 'handle'>; webRequest: Pick<Real.WebRequest, 'onBeforeRequest'> }
      return Object.assign(new EventEmitter(), made, { own })
    }
  } satisfies {
    defaultSession: Pick<Real.Session, 'resolveProxy'>
    fromPartition: Answers<typeof Real.session.fromPartition, EventEmitter & { own: StandInSession }>
  }

  const utilityProcess = {
    fork(script, args = [], options = {}) {
      const child = fork(script, args, {
        env: { ...options.env, TOKENTRAY_DOUBLE: '1' } as NodeJS.ProcessEnv,
        execArgv: ['--require', given.shim],
        stdio: ['ignore', 'ignore', 'ignore', 'ipc']
      })
      children.add(child)
      childEnds.push(once(child, 'exit').finally(() => children.delete(child)))
      return Object.assign(child, {
        postMessage: (message) => void child.send(message)
      } satisfies Pick<Real.UtilityProcess, 'postMessage'>)
    }
  } satisfies {
    fork: Answers<typeof Real.utilityProcess.fork, EventEmitter & Pick<Real.UtilityProcess, 'postMessage' | 'kill'>>
  }

  const network = { isOnline: true, proxy: 'DIRECT' }
  const electron = {
    app,
    BrowserWindow,
    dialog,
    ipcMain,
    Menu,
    Notification,
    nativeImage: {
      createFromPath: (path) => Object.assign(Object(basename(path)), {}) as Real.NativeImage
    } satisfies Pick<typeof Real.nativeImage, 'createFromPath'>,
    nativeTheme: Object.assign(new EventEmitter(), { shouldUseDarkColors: false }) satisfies Pick<
      Real.NativeTheme,
      'shouldUseDarkColors'
    >,
    net: { isOnline: () => network.isOnline } satisfies Pick<typeof Real.net, 'isOnline'>,
    powerMonitor: new EventEmitter(),
    protocol: {
      registerSchemesAsPrivileged: (schemes) => void recorded.schemes.push(...schemes)
    } satisfies Pick<typeof Real.protocol, 'registerSchemesAsPrivileged'>,
    session,
    shell: {
      async openExternal(url) {
        recorded.opened.push(url.startsWith('file:') ? await readHandOver(url) : url)
        note()
      }
    } satisfies Pick<typeof Real.shell, 'openExternal'>,
    Tray,
    utilityProcess
  }
  const over = async () => void (await Promise.allSettled([...begun, ...childEnds]))
  return { electron, recorded, notes, sessions, network, over }
}
