// The real bundled shell and preload with a real core, on the stand-in: "stand-in, not Electron".
// Upstream is the demo's own authorization server.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { HandlerDetails } from 'electron'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { locate } from '../../app/base/paths.ts'
import { type Authority, startAuthority } from '../../app/demo/authority.ts'
import type { FaultKind } from '../../app/demo/faults.ts'
import { startMcpServer } from '../../app/demo/mcpServer.ts'
import { approve } from '../../app/demo/person.ts'
import { connect } from '../../app/owner/client.ts'
import { channels } from '../../main/channels.ts'
import { hasKey, lockKeychain, makeHome, type Started, start, watch } from './start.ts'

async function startUpstream(accessTokenTtl = 3600) {
  const authority = await startAuthority({ accessTokenTtl })
  const mcp = await startMcpServer({ authority })
  onTestFinished(async () => {
    await mcp.stop()
    await authority.stop()
  })
  return { authority, url: mcp.url }
}

/** Every refresh fails in this way, until faults.clear(). */
function breakRefreshes({ faults }: Authority, kind: FaultKind): void {
  faults.decide(({ grantType }) => (grantType === 'refresh_token' ? { kind, delay: 500 } : null))
}

/** What Electron says of a link that wants a window of its own. */
const linkTo = (url: string): HandlerDetails => ({
  url,
  frameName: '',
  features: '',
  disposition: 'new-window',
  referrer: { url: '', policy: 'default' }
})

const isOpen = (shell: Started) =>
  shell.until(() => shell.labels().length > 0 && !shell.labels().includes('Opening the vault…'))

/** Opens the window on a shell that runs. */
async function openWindow(shell: Started) {
  await isOpen(shell)
  shell.click('Open Tokentray')
  await shell.until(() => shell.window()?.isVisible)
  return shell.window()
}

/** Adds the upstream as `one` through the page, and signs in from the tray as a person would. */
async function signIn(shell: Started, url: string) {
  const { page } = shell.window()
  const views = watch(shell)
  expect(await page.tokentray.call('server.add', { url, name: 'one' })).toMatchObject({ ok: true })
  await shell.until(() => shell.labels().some((label) => label === 'signedOut: one — Not signed in'))
  shell.click('one', 'Sign in')
  await approve(await shell.until(() => shell.recorded.opened.at(-1)))
  await views.until('one', ({ state }) => state === 'fresh')
  return views
}

describe('stand-in, not Electron', () => {
  test('the page has call and onMessage and nothing else, and no token ever crosses to it', async () => {
    const { url } = await startUpstream()
    const home = await makeHome()
    const shell = await start(home)
    const { page, options } = await openWindow(shell)
    expect(Object.keys(page.exposed)).toEqual(['tokentray'])
    expect(Object.keys(page.tokentray).sort()).toEqual(['call', 'onMessage'])
    expect(options.webPreferences).toMatchObject({ contextIsolation: true, sandbox: true, nodeIntegration: false })
    expect(page.answer?.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'/)

    await signIn(shell, url)
    const denied = await page.tokentray.call('readToken', { server: 'one' })
    expect(denied).toMatchObject({ ok: false, code: 'notAllowedHere' })
    expect(await page.tokentray.call('server.history', { server: 'one' })).toMatchObject({ ok: true })
    // The command line's door hands the token out: so it is known what to look for.
    const client = await connect(locate(home.env, process.platform), systemClock())
    const { token } = await client!.call('readToken', { server: 'one' })
    const traffic = page.traffic.join('\n')
    expect(traffic).toContain('"words":"Healthy"')
    // What changes crosses, not everything. How many messages a busy machine makes of it is open.
    const changes = page.traffic.flatMap((text) => JSON.parse(text)).filter(({ kind }) => kind === 'changes')
    expect(changes.some(({ changed }) => changed?.length === 1)).toBe(true)
    expect(changes.filter((message) => 'servers' in message || 'snapshot' in message)).toEqual([])
    expect(traffic).not.toContain(token)
  })

  test('a frame that is not our own top frame is refused', async () => {
    const shell = await start(await makeHome())
    const { page } = await openWindow(shell)
    const ask = (frame: { url: string } | null) => page.invoke(frame, channels.call, 'snapshot', {})
    const { mainFrame } = page.sender
    expect(await ask(mainFrame)).toMatchObject({ ok: true })
    for (const frame of [null, { url: mainFrame.url }, { url: 'https://example.com/' }])
      expect(await ask(frame)).toMatchObject({ ok: false, code: 'notAllowedHere' })
    for (const name of ['toString', '__proto__', 'desktop.quit', 7])
      expect(await page.invoke(mainFrame, channels.call, name, {})).toMatchObject({ ok: false })
    mainFrame.url = 'https://example.com/'
    expect(await ask(mainFrame)).toMatchObject({ ok: false, code: 'notAllowedHere' })
  })

  test('nothing is permitted, nothing navigates, and only https leaves for the browser', async () => {
    const shell = await start(await makeHome())
    const { webContents } = await openWindow(shell)
    const [own] = [...shell.sessions.values()]
    const answers: boolean[] = []
    for (const permission of ['media', 'clipboard-read', 'notifications', 'openExternal'] as const)
      own!.permission?.(webContents as never, permission, (granted) => answers.push(granted), {} as never)
    expect(answers).toEqual([false, false, false, false])
    expect(own!.check?.(null, 'media', 'app://tokentray', {} as never)).toBe(false)
    expect(own!.device?.({} as never)).toBe(false)
    const isCancelled = (url: string) => {
      let cancelled: boolean | undefined
      own!.request?.({ url } as never, ({ cancel }) => {
        cancelled = cancel
      })
      return cancelled
    }
    expect(isCancelled('app://tokentray/index.html')).toBe(false)
    expect(isCancelled('https://example.com/')).toBe(true)

    const event = {
      isPrevented: false,
      preventDefault() {
        event.isPrevented = true
      }
    }
    for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate', 'will-attach-webview']) {
      event.isPrevented = false
      webContents.emit(name, event)
      expect([name, event.isPrevented]).toEqual([name, true])
    }
    for (const url of ['https://example.com/help', 'http://127.0.0.1:1/', 'file:///etc/passwd'])
      expect(webContents.openHandler?.(linkTo(url))).toEqual({ action: 'deny' })
    expect(shell.recorded.opened).toEqual(['https://example.com/help'])
  })

  test('quit drains a refresh in flight, and the next start finds the server where it was left', async () => {
    const { authority, url } = await startUpstream()
    const home = await makeHome()
    const shell = await start(home)
    await openWindow(shell)
    await signIn(shell, url)
    expect(hasKey(home)).toBe(true)
    breakRefreshes(authority, 'slow')
    const asked = authority.seen(({ kind, detail }) => kind === 'faultMade' && detail.includes('slow'))
    shell.click('one', 'Refresh now')
    await asked
    expect(await shell.quit()).toBe(0)
    expect(authority.events.at(-1)).toMatchObject({ kind: 'refreshed' })
    expect(shell.tray().isDestroyed).toBe(true)
    authority.faults.clear()

    const again = await start(home)
    await again.until(() => again.labels()[0]?.startsWith('healthy: one — Healthy'))
  })

  test('asked to quit while it starts, it opens no vault any more and lets go of what it opened', async () => {
    const home = await makeHome()
    const shell = await start(home)
    expect(await shell.quit()).toBe(0)
    expect(readdirSync(home.env.TOKENTRAY_HOME!)).not.toContain('owner.db')
    expect(readdirSync(home.env.XDG_RUNTIME_DIR!)).toEqual([])
    for (const { isDestroyed } of shell.recorded.trays) expect(isDestroyed).toBe(true)
  })

  test('a window that is closed before it has loaded is no error', async () => {
    const shell = await start(await makeHome(), {
      prepare: ({ BrowserWindow }) => {
        const { prototype } = BrowserWindow as { prototype: { loadURL(): Promise<void> } }
        prototype.loadURL = () => Promise.reject(new Error('ERR_ABORTED'))
      }
    })
    await isOpen(shell)
    shell.click('Open Tokentray')
    // A rejection that nobody hears fails the whole run.
    expect(await shell.quit()).toBe(0)
  })

  test('macOS: a template image, a menu built as it opens, and the system’s own switch for the login item', async () => {
    const { url } = await startUpstream()
    const shell = await start(await makeHome(), { platform: 'darwin' })
    await shell.until(() => shell.tray()?.tooltip === 'Tokentray: no servers signed in')
    expect(shell.tray().menu).toEqual([])
    shell.tray().emit('click')
    await openWindow(shell)
    const { page } = shell.window()
    expect(await page.tokentray.call('server.add', { url, name: 'one' })).toMatchObject({ ok: true })
    await page.tokentray.call('signIn.start', { server: 'one' })
    const signInPage = await shell.until(() => shell.recorded.opened.at(-1))
    // The page's own link to a sign-in under way works too, although the demo's is only http.
    await watch(shell).until('one', ({ signIn }) => signIn?.url === signInPage)
    expect(shell.window().webContents.openHandler?.(linkTo(signInPage))).toEqual({ action: 'deny' })
    await shell.until(() => shell.recorded.opened.length === 2)
    expect(shell.recorded.opened).toEqual([signInPage, signInPage])
    await approve(signInPage)
    await shell.until(() => shell.tray().images.at(-1) === 'tray-healthy-Template.png')
    shell.tray().emit('click')
    expect(shell.labels()[0]).toMatch(/^healthy: one — Healthy · refreshes in \d+ min$/)

    shell.click('Start at login')
    expect(shell.recorded.loginItems).toEqual([{ openAtLogin: true }])
    expect(await page.tokentray.call('desktop.read', {})).toMatchObject({ value: { startAtLogin: true } })
  })

  test('a second start ends at once, and the first one shows its window', async () => {
    const home = await makeHome()
    const shell = await start(home)
    await isOpen(shell)
    const second = await start(home, { isFirst: false })
    expect(second.recorded).toMatchObject({ exits: [0], trays: [], windows: [] })
    expect(shell.recorded.windows).toEqual([])
    shell.electron.app.emit('second-instance')
    await shell.until(() => shell.window()?.isVisible)
    shell.window().close()
    shell.electron.app.emit('second-instance')
    await shell.until(() => shell.recorded.windows.length === 2 && shell.window().isVisible)
  })

  test('an installed application does not start where another program could steer its window', async () => {
    const home = await makeHome()
    const said: string[] = []
    const log = console.error
    console.error = (line: string) => said.push(line)
    onTestFinished(() => {
      console.error = log
    })
    for (const name of ['remote-debugging-port', 'remote-debugging-pipe']) {
      const shell = await start(home, { isPackaged: true, switches: [name] })
      expect(shell.recorded).toMatchObject({ exits: [1], trays: [], windows: [] })
      expect(said.pop()).toBe(
        `Tokentray does not start with --${name}, because other programs could then use its window.`
      )
    }
    // Development steers it by that port.
    await isOpen(await start(home, { switches: ['remote-debugging-port'] }))
  })

  test('start at login is what the system says, whoever changed it', async () => {
    const home = await makeHome()
    const shell = await start(home)
    const { page } = await openWindow(shell)
    const file = join(home.env.XDG_CONFIG_HOME!, 'autostart', 'tokentray.desktop')
    shell.click('Start at login')
    expect(readFileSync(file, 'utf8')).toContain(`Exec="${process.execPath}" "/opt/tokentray" "--hidden"`)
    // What is started so must be an application by itself.
    expect(JSON.parse(readFileSync(join(home.bundle, 'package.json'), 'utf8'))).toMatchObject({ main: 'main.js' })
    expect(await page.tokentray.call('desktop.read', {})).toMatchObject({ value: { startAtLogin: true } })
    writeFileSync(file, `${readFileSync(file, 'utf8')}Hidden=true\n`)
    expect(await page.tokentray.call('desktop.read', {})).toMatchObject({ value: { startAtLogin: false } })
    const set = await page.tokentray.call('desktop.set', { startAtLogin: true, notifications: false })
    expect(set).toMatchObject({ ok: true, value: { startAtLogin: true, notifications: false, muted: [] } })
    expect(await page.tokentray.call('desktop.set', { startAtLogin: 'yes' })).toMatchObject({ code: 'inputInvalid' })
    await shell.until(() => shell.tray().menu.some(({ label, checked }) => label === 'Start at login' && checked))
  })

  test('a machine that falls asleep sends nothing new until it wakes', async () => {
    const { authority, url } = await startUpstream()
    const home = await makeHome()
    writeFileSync(join(home.env.TOKENTRAY_HOME!, 'settings.json'), '{"schedule":{"floor":"1s"}}')
    const shell = await start(home)
    await openWindow(shell)
    const views = await signIn(shell, url)
    const refreshes = () => authority.events.filter(({ kind }) => kind === 'refreshed').length
    shell.electron.powerMonitor.emit('suspend')
    shell.click('one', 'Refresh now')
    await views.until('one', ({ state }) => state === 'refreshing')
    expect(refreshes()).toBe(0)
    shell.electron.powerMonitor.emit('resume')
    await views.until('one', ({ lastEvent }) => lastEvent?.kind === 'refreshed')
    expect(refreshes()).toBe(1)
  })

  test('the network coming back cuts a wait short, and a shutdown of the system ends Tokentray', async () => {
    const { authority, url } = await startUpstream()
    const home = await makeHome()
    writeFileSync(join(home.env.TOKENTRAY_HOME!, 'settings.json'), '{"schedule":{"floor":"1s","backoffFirst":"5m"}}')
    const shell = await start(home, { isOnline: false })
    await openWindow(shell)
    const views = await signIn(shell, url)
    breakRefreshes(authority, '503')
    shell.click('one', 'Refresh now')
    await views.until('one', ({ state }) => state === 'waiting')
    authority.faults.clear()
    shell.network.isOnline = true
    await views.until('one', ({ state }) => state === 'fresh')
    shell.electron.powerMonitor.emit('shutdown', { preventDefault() {} })
    expect(await shell.until(() => shell.recorded.exits.length > 0 && shell.recorded.exits)).toEqual([0])
  })

  test('what the menu offers is done: pause and resume one or all, mute, add, quit', async () => {
    const shell = await start(await makeHome())
    const { page } = await openWindow(shell)
    for (const name of ['one', 'two'])
      await page.tokentray.call('server.add', { url: `https://${name}.example/mcp`, name })
    const marks = () =>
      shell
        .labels()
        .slice(0, 2)
        .map((label) => label.split(':')[0])
    await shell.until(() => marks().join() === 'signedOut,signedOut')
    shell.click('one', 'Pause')
    await shell.until(() => marks().join() === 'paused,signedOut')
    shell.click('one', 'Resume')
    await shell.until(() => marks().join() === 'signedOut,signedOut')
    shell.click('Pause all')
    await shell.until(() => shell.labels().includes('Resume all'))
    shell.click('Resume all')
    await shell.until(() => marks().join() === 'signedOut,signedOut')

    shell.click('two', 'Notifications')
    expect(await page.tokentray.call('desktop.read', {})).toMatchObject({ value: { muted: ['two'] } })
    shell.click('Add server…')
    await shell.until(() => page.visited.at(-1) === 'app://tokentray/index.html#add')
    shell.click('Quit')
    expect(await shell.until(() => shell.recorded.exits.length > 0 && shell.recorded.exits)).toEqual([0])
  })

  test('a desktop without tray icons gets the window instead, and is told why once', async () => {
    const home = await makeHome(false)
    const first = await start(home, { argv: [] })
    const told = await first.until(() => first.recorded.dialogs[0])
    expect(told.message).toBe('This desktop does not show tray icons')
    expect(first.recorded.trays).toEqual([])
    await first.until(() => first.window().isVisible)
    await first.quit()
    const second = await start(home, { argv: [] })
    await second.until(() => second.window()?.isVisible)
    expect(second.recorded.dialogs).toEqual([])
  })

  test('a tray that comes up after a hidden start gets the icon; no window opens, nothing is told', async () => {
    const home = await makeHome(false)
    const tool = join(home.folder, 'bin', 'gdbus')
    const asked = join(home.folder, 'asked')
    const second = `if [ -e ${asked} ]; then echo "(true,)"; else touch ${asked}; echo "(false,)"; fi`
    writeFileSync(tool, readFileSync(tool, 'utf8').replace('echo "(false,)"', second))
    const shell = await start(home)
    await shell.until(() => shell.recorded.trays.length > 0)
    expect(shell.recorded.dialogs).toEqual([])
    expect(shell.recorded.windows).toEqual([])
  })

  test('what keeps the core from starting is told with a way on, and trying again goes on', async () => {
    const home = await makeHome()
    const settings = join(home.env.TOKENTRAY_HOME!, 'settings.json')
    writeFileSync(settings, '{"schedule":')
    const shell = await start(home)
    const told = await shell.until(() => shell.recorded.dialogs[0])
    expect(told).toMatchObject({ message: 'Tokentray cannot start', buttons: ['Try again', 'Quit'] })
    expect(told.detail).toContain('not valid JSON')
    writeFileSync(settings, '{}')
    told.answer(0)
    await isOpen(shell)
    expect(shell.labels()[0]).toBe('No servers yet')
  })

  test('a locked keychain: tray and one notification say so, the window tries again, and the servers are back', async () => {
    const home = await makeHome()
    const first = await start(home)
    await openWindow(first)
    await first.window().page.tokentray.call('server.add', {
      url: 'https://mcp.example.com/mcp',
      name: 'one',
      grantKind: 'staticToken',
      accessToken: 'planted'
    })
    await first.quit()
    const { mend } = lockKeychain(home)
    const shell = await start(home)
    await isOpen(shell)
    expect(shell.labels()[0]).toBe('attention: Locked: open Tokentray to unlock')
    expect(shell.recorded.dialogs).toEqual([])
    expect(shell.recorded.notifications).toMatchObject([{ title: 'Tokentray is locked' }])
    shell.recorded.notifications[0]!.click()
    await shell.until(() => shell.window()?.isVisible)
    const { page } = shell.window()
    const retry = () => page.tokentray.call('vault.retry', {})
    expect(await retry()).toMatchObject({ ok: false, code: 'keychainLocked' })
    mend()
    expect(await retry()).toMatchObject({ ok: true })
    await shell.until(() => shell.labels().some((label) => label.includes('one —')))
    expect(shell.recorded.notifications).toHaveLength(1)
  })

  test('asked to quit while the vault is locked it ends at once', async () => {
    const home = await makeHome()
    const first = await start(home)
    await isOpen(first)
    await first.quit()
    lockKeychain(home)
    const shell = await start(home)
    await isOpen(shell)
    expect(await shell.quit()).toBe(0)
  })

  test('the smoke start opens a vault in memory, sees a snapshot in the page and ends with 0', async () => {
    const home = await makeHome()
    const lines: string[] = []
    const log = console.log
    console.log = (line: string) => lines.push(line)
    onTestFinished(() => {
      console.log = log
    })
    const shell = await start(home, { argv: ['--smoke'] })
    await shell.until(() => shell.recorded.exits.length > 0)
    expect(JSON.parse(lines[0]!)).toMatchObject({ smoke: true, seen: { vault: 'open', keys: 'call,onMessage' } })
    expect(shell.recorded.exits).toEqual([0])
    expect(hasKey(home)).toBe(false)
  })
})

test('servers are reached through the proxy that Chromium names', async () => {
  const shell = await start(await makeHome())
  const asked: (string | undefined)[] = []
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  shell.network.proxy = `PROXY 127.0.0.1:${(proxy.address() as AddressInfo).port}; DIRECT`
  const { page } = await openWindow(shell)
  await page.tokentray.call('server.add', { url: 'https://mcp.corp.test/mcp', name: 'one' })
  const reply = await page.tokentray.call('signIn.start', { server: 'one' })
  expect(reply).toMatchObject({ ok: false, code: 'serverUnreachable' })
  expect(asked).toEqual(['mcp.corp.test:443'])
})
