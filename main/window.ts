// The only window: sandboxed, isolated, and limited to Tokentray's own pages; it opens no others and has no permissions.
// It exists only while it is open, so that a hidden Tokentray costs no renderer process.
import { app, BrowserWindow, protocol, type Session, session, shell, type WebContents } from 'electron'
import type { Theme } from '../app/contract/settings.ts'
import { isOwnPage, mayOpenOutside, scheme, servePage, startPage } from './pages.ts'

export type Window = {
  /** Opens or focuses the window, on `screen` (a fragment, see renderer/store.ts) where one is named. */
  show(screen?: string): void
  /** Loads the page without showing it. */
  load(): WebContents
  contents(): WebContents | null
}

export type WindowOptions = {
  preload: string
  /** The folder of the bundled pages. */
  pages: string
  /** As the settings say when the page is loaded. */
  theme(): Theme
}

/** To be called before Electron is ready, as it demands. */
export function announceScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }
  ])
}

/** To the person's browser, where the address is fit for it. */
function openOutside(url: string): void {
  if (mayOpenOutside(url, false)) void shell.openExternal(url)
}

/** Holds for every page that ever comes into being, ours or not. `openSignIn` takes the address of a sign-in under way. */
export function guardContents(openSignIn: (url: string) => boolean): void {
  app.on('web-contents-created', (_, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault())
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.on('will-frame-navigate', (event) => event.preventDefault())
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(({ url }) => {
      if (!openSignIn(url)) openOutside(url)
      return { action: 'deny' }
    })
  })
}

function lock(pages: string, theme: () => Theme): Session {
  // Without "persist:" it lives in memory: no cookies, no cache, nothing on disk.
  const own = session.fromPartition('tokentray')
  own.protocol.handle(scheme, (request) => servePage(pages, request, theme()))
  own.setPermissionRequestHandler((_, __, answer) => answer(false))
  own.setPermissionCheckHandler(() => false)
  own.setDevicePermissionHandler(() => false)
  own.webRequest.onBeforeRequest(({ url }, answer) =>
    answer({ cancel: !isOwnPage(url) && !(url.startsWith('devtools:') && !app.isPackaged) })
  )
  own.on('will-download', (event) => event.preventDefault())
  return own
}

export function createWindow({ preload, pages, theme }: WindowOptions): Window {
  const own = lock(pages, theme)
  let window: BrowserWindow | null = null

  function make(screen: string): BrowserWindow {
    const made = new BrowserWindow({
      width: 420,
      height: 640,
      minWidth: 360,
      minHeight: 420,
      show: false,
      title: 'Tokentray',
      autoHideMenuBar: true,
      webPreferences: {
        session: own,
        preload,
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
        devTools: !app.isPackaged
      }
    })
    made.on('closed', () => {
      if (window === made) window = null
    })
    load(made, screen)
    return made
  }

  return {
    show(screen) {
      if (!window) {
        const made = make(screen ?? '')
        window = made
        // Shown once it is painted, so that no white sheet flashes.
        made.once('ready-to-show', () => made.show())
        return
      }
      // A change of the fragment loads nothing anew.
      if (screen !== undefined) load(window, screen)
      if (window.isMinimized()) window.restore()
      window.show()
      window.focus()
    },
    load() {
      window ??= make('')
      return window.webContents
    },
    contents: () => window?.webContents ?? null
  }
}

/** It rejects where the window is closed before it has loaded, which is no error. */
function load(window: BrowserWindow, screen: string): void {
  window.loadURL(address(screen)).catch(() => {})
}

const address = (screen: string) => (screen === '' ? startPage : `${startPage}#${screen}`)
