// Joins one core and the desktop: hands each snapshot to tray, window and notifications, and each click to the core.
// Decides nothing about health, time or tokens.
import { join } from 'node:path'
import { app, dialog, type WebContents } from 'electron'
import type { Reply } from '../app/contract/commands.ts'
import type { DesktopSettings } from '../app/contract/desktop.ts'
import { createFollower } from '../app/contract/follower.ts'
import type { StreamMessage } from '../app/contract/stream.ts'
import { streamVersion } from '../app/contract/streamVersion.ts'
import type { ServerView, Snapshot, VaultView } from '../app/contract/views.ts'
import { followSnapshots } from '../app/core/followSnapshots.ts'
import { decideNotices, vaultNotice } from '../app/health/notices.ts'
import { writeTime } from '../app/keeper/serverView.ts'
import type { Hosted } from '../app/owner/host.ts'
import type { Hosting } from '../app/owner/hosting.ts'
import { clientsScreen, decideRequestNotice, noRequestsTold } from './accessRequests.ts'
import { type Actions, carryOut, listScreen, screenOf } from './actions.ts'
import { openIpc } from './ipc.ts'
import { hasTrayHost, loginTimeoutMs, watchTrayHost } from './linuxTray.ts'
import { createLoginItem } from './loginItem.ts'
import { markOf, menuOf, tallyOf, tooltipOf, trayMark } from './menu.ts'
import { notify } from './notifications.ts'
import { watchPower } from './power.ts'
import { openPreferences } from './preferences.ts'
import { createSignInPages } from './signInPages.ts'
import { createTray, type TrayIcon } from './tray.ts'
import { createWindow } from './window.ts'

export type Shell = {
  show(screen?: string): void
  /** Loads the window without showing it; for the smoke start. */
  load(): WebContents
  /** Opens the page of a sign-in under way in the person's browser; false where `url` is none. */
  openSignIn(url: string): boolean
  /** From now on this core is shown and asked. */
  attach(hosted: Hosted): void
  close(): void
}

const updateEveryMs = 30_000

/** `folder`: where the bundle is. `quit` is called when a person or the system ends Tokentray. */
export async function openShell(
  { clock, paths, env }: Pick<Hosting, 'clock' | 'paths' | 'env'>,
  o: { folder: string; platform: NodeJS.Platform; isHidden: boolean; isSmoke: boolean; quit(): void }
): Promise<Shell> {
  const { platform } = o
  const preferences = openPreferences(o.isSmoke ? null : join(paths.home, 'desktop.json'))
  const loginItem = createLoginItem(platform, env as NodeJS.ProcessEnv)
  const window = createWindow({
    preload: join(o.folder, 'preload.cjs'),
    pages: join(o.folder, '..', 'renderer'),
    theme: () => newest?.theme ?? 'system'
  })
  const listeners = new Set<(message: StreamMessage) => void>()
  const tally = tallyOf()
  /** The views that the message being taken in has changed; null: servers are gone, so that all are looked at. */
  let changed: ServerView[] | null = []
  const follower = createFollower((before, after) => {
    if (before) tally[markOf(before)]--
    if (after) tally[markOf(after)]++
    if (!after) changed = null
    else changed?.push(after)
  })
  let hosted: Hosted | null = null
  let newest: Snapshot | null = null
  let tray: TrayIcon | null = null
  /** What was told of clients' requests, which end with this process. */
  let requestsTold = noRequestsTold
  let isVaultTold = false
  let updatedAt = clock.now()
  let awakeSince = updatedAt

  const signInPages = createSignInPages({
    folder: paths.runtime ?? paths.ownerFolder,
    clock,
    onStolen(url) {
      const view = newest?.servers.find(({ signIn }) => signIn?.url === url)
      if (!view?.signIn) return
      void call('signIn.cancel', { signIn: view.signIn.id })
      notifyOfServer(
        `${view.nameWithHost ?? view.name}: sign-in ended`,
        'Its link was opened twice, perhaps by another program on this computer. Start the sign-in again.',
        view.id
      )
    }
  })

  async function call(name: string, input: unknown): Promise<Reply<unknown>> {
    if (!hosted)
      return { ok: false, code: 'ownerStopping', message: 'Tokentray is still starting. Try again in a moment.' }
    const reply = await hosted.core.handle('window', name, input)
    if (!reply.ok || !['signIn.start', 'signIn.ready', 'signIn.replaceClient'].includes(name)) return reply
    // The door that asked opens the browser; asking again joins the same sign-in, so this is also "open again".
    const { url } = reply.value as { url: string | null }
    if (url === null || signInPages.open(url)) return reply
    return { ok: false, code: 'urlInvalid', message: 'The sign-in page does not use https, so it was not opened.' }
  }

  function notifyOfServer(title: string, body: string, server: string | null): void {
    notify(title, body, () => window.show(server === null ? listScreen : screenOf(server)))
  }

  function notifyOfClients(title: string, body: string): void {
    notify(title, body, () => window.show(clientsScreen))
  }

  function notifyOfSettings(title: string, body: string): void {
    notify(title, body, () => window.show('settings'))
  }

  const actions: Actions = {
    call,
    snapshot: () => newest,
    show: window.show,
    notifyOfServer,
    notifyOfClients,
    notifyOfSettings,
    preferences,
    loginItem,
    quit: o.quit,
    refreshMenu: () => tray?.refresh()
  }

  /** Once for each time it shuts, and only where nobody has the window's own page before them. */
  function notifyOfVault(vault: VaultView): void {
    const notice = vaultNotice(vault)
    if (notice && !isVaultTold && !window.contents() && preferences.get().notifications)
      notify(notice.title, notice.body, () => window.show())
    isVaultTold = notice !== null
  }

  /** `views`: those that may have something new to tell; all of them at least every 30 s, as time passes. */
  function update(views = newest?.servers): void {
    tray?.refresh()
    // Awake, it looks every 30 s at least; a longer pause was a sleep, whether or not the system says so.
    if (clock.now() - updatedAt > 2 * updateEveryMs) awakeSince = clock.now()
    updatedAt = clock.now()
    if (!newest) return
    notifyOfVault(newest.vault)
    const before = preferences.get()
    const requests = decideRequestNotice(requestsTold, newest.clients, clock.now())
    requestsTold = requests.told
    if (before.notifications && requests.notice) notifyOfClients(requests.notice.title, requests.notice.body)
    const { show, announced } = decideNotices(before.told, newest, clock.now(), before, awakeSince, views)
    if (announced.join() !== before.told.join()) preferences.set({ told: [...announced] })
    for (const { title, body, server } of show) notifyOfServer(title, body, server)
  }

  function accept(snapshot: Snapshot): void {
    newest = snapshot
    signInPages.update(snapshot)
    update(changed ?? snapshot.servers)
    changed = []
  }

  const readDesktop = (): DesktopSettings => {
    const { notifications, muted } = preferences.get()
    return { startAtLogin: loginItem.isOn(), notifications, muted }
  }
  openIpc({
    contents: window.contents,
    handle: call,
    desktop: {
      read: readDesktop,
      set({ startAtLogin, ...rest }) {
        if (startAtLogin !== undefined) loginItem.set(startAtLogin)
        preferences.set(rest)
        tray?.refresh()
        return readDesktop()
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    // What this shell itself knows, so that no page is ahead of it.
    whole: () => newest && { version: streamVersion, kind: 'snapshot', snapshot: newest }
  })

  function showTray(): void {
    tray = createTray({
      clock,
      platform,
      icons: join(o.folder, 'icons'),
      face: () => ({
        mark: trayMark(newest, tally),
        tooltip: tooltipOf(newest, tally),
        menu: menuOf(
          newest,
          clock.now(),
          { ...readDesktop(), times: platform === 'linux' ? 'clock' : 'countdown', writeTime },
          tally
        )
      }),
      act: (act) => void carryOut(act, actions)
    })
  }

  function doWithoutTray(): void {
    if (!window.contents()) window.show()
    if (preferences.get().toldNoTray) return
    preferences.set({ toldNoTray: true })
    void dialog.showMessageBox({
      type: 'info',
      message: 'This desktop does not show tray icons',
      detail:
        'Tokentray runs without an icon and keeps your tokens fresh in the background. To open its window, start it again. To get the icon, install an AppIndicator extension.',
      buttons: ['OK']
    })
  }

  if (!o.isHidden && !o.isSmoke) window.show()
  let stopWatchingTray = () => {}
  if (platform !== 'linux' || o.isSmoke) showTray()
  else
    stopWatchingTray = await watchTrayHost({
      clock,
      ask: hasTrayHost,
      // At login the desktop may bring its tray up after this program.
      timeoutMs: o.isHidden ? loginTimeoutMs : 0,
      found: showTray,
      missing: doWithoutTray
    })
  const stopPower = watchPower(
    clock,
    (state) => void call('power', { state }),
    () => void call('poke', {}),
    o.quit
  )
  let cancelUpdate = () => {}
  const updateRegularly = () => {
    update()
    cancelUpdate = clock.alarm(clock.now() + updateEveryMs, updateRegularly)
  }
  updateRegularly()
  app.on('activate', () => window.show())

  return {
    show: window.show,
    load: window.load,
    openSignIn: (url) => (newest?.servers.some(({ signIn }) => signIn?.url === url) ?? false) && signInPages.open(url),
    attach(opened) {
      hosted = opened
      const { stream } = opened.core
      followSnapshots(stream, accept, follower)
      stream.subscribe((message) => {
        for (const listener of [...listeners]) listener(message)
      })
    },
    close() {
      cancelUpdate()
      stopPower()
      stopWatchingTray()
      signInPages.close()
      tray?.remove()
      tray = null
    }
  }
}
