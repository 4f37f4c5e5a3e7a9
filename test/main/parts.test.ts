// The shell's smaller parts without Electron: autostart entry, pages, addresses, preferences, icons.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isEntryOn, writeEntry } from '../../main/autostart.ts'
import { loginTimeoutMs, watchTrayHost } from '../../main/linuxTray.ts'
import type { Mark } from '../../main/menu.ts'
import { contentPolicy, isOwnPage, mayOpenOutside, servePage } from '../../main/pages.ts'
import { openPreferences } from '../../main/preferences.ts'
import { fakeClock } from '../fakes/clock.ts'

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-main-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('autostart entry', () => {
  const command = ['/home/some one/Tokentray 1.AppImage', '--hidden']

  test('what is written counts as on', () => {
    expect(writeEntry(command)).toContain('Exec="/home/some one/Tokentray 1.AppImage" "--hidden"\n')
    expect(isEntryOn(writeEntry(command), command)).toBe(true)
  })

  test.each([
    ['no file', null],
    ['switched off by the desktop', writeEntry(command).replace('enabled=true', 'enabled=false')],
    ['hidden', `${writeEntry(command)}Hidden=true\n`],
    ['of a place that it moved away from', writeEntry(['/old/Tokentray.AppImage', '--hidden'])],
    ['something else', 'nonsense']
  ])('%s counts as off', (_, text) => {
    expect(isEntryOn(text, command)).toBe(false)
  })

  test('signs that mean something to Exec are quoted', () => {
    const [, exec] = /^Exec=(.*)$/m.exec(writeEntry(['/a$b`c"d\\e%f']))!
    expect(exec).toBe('"/a\\\\$b\\\\`c\\\\"d\\\\\\\\e%%f"')
  })
})

describe('addresses', () => {
  test.each([
    ['https://example.com/authorize', false, true],
    ['https://example.com/authorize', true, true],
    ['http://127.0.0.1:4141/authorize', true, true],
    ['http://127.0.0.1:4141/authorize', false, false],
    ['http://example.com/authorize', true, false],
    ['http://localhost.example.com/', true, false],
    ['file:///etc/passwd', true, false],
    ['javascript:alert(1)', true, false],
    ['ms-settings:', true, false],
    ['not an address', true, false]
  ])('%s (sign-in: %s) may be opened outside: %s', (url, isSignIn, may) => {
    expect(mayOpenOutside(url, isSignIn)).toBe(may)
  })

  test('only our own scheme and host is our own page', () => {
    expect(isOwnPage('app://tokentray/index.html#server/x')).toBe(true)
    for (const url of ['app://tokentray.evil/', 'app://other/index.html', 'https://tokentray/', 'file:///index.html'])
      expect(isOwnPage(url)).toBe(false)
  })
})

describe('pages', () => {
  const get = (folder: string, url: string, method = 'GET') => servePage(folder, { url, method })

  test('a file of the folder comes with its type and the strict policy', async () => {
    const folder = scratch()
    writeFileSync(join(folder, 'index.html'), '<p>here</p>')
    const answer = await get(folder, 'app://tokentray/index.html?x#server/y')
    expect(await answer.text()).toBe('<p>here</p>')
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toBe(contentPolicy)
    expect(contentPolicy).not.toMatch(/unsafe|\*|https?:/)
  })

  test('nothing else is served', async () => {
    const outer = scratch()
    const folder = join(outer, 'pages')
    const sibling = join(outer, 'pages-other')
    for (const each of [folder, sibling]) mkdirSync(each)
    writeFileSync(join(outer, 'secret.html'), 'secret')
    writeFileSync(join(sibling, 'index.html'), 'secret')
    writeFileSync(join(folder, 'vault.db'), 'secret')
    writeFileSync(join(folder, 'index.html'), 'fine')
    for (const url of [
      'app://tokentray/../secret.html',
      'app://tokentray/%2e%2e/secret.html',
      'app://tokentray/..%2fsecret.html',
      'app://tokentray/..%2fpages-other/index.html',
      'app://tokentray/..%5csecret.html',
      'app://tokentray/vault.db',
      'app://tokentray/absent.html',
      'app://tokentray/%',
      'app://other/index.html'
    ])
      expect([url, (await get(folder, url)).status]).toEqual([url, 404])
    expect((await get(folder, 'app://tokentray/index.html', 'POST')).status).toBe(404)
  })
})

test('preferences outlive a restart, and a broken file counts as none', () => {
  const file = join(scratch(), 'deeper', 'desktop.json')
  const first = openPreferences(file)
  expect(first.get()).toEqual({ notifications: true, muted: [], told: [], toldNoTray: false })
  first.set({ muted: ['linear'] })
  expect(openPreferences(file).get().muted).toEqual(['linear'])
  writeFileSync(file, '{"muted":')
  expect(openPreferences(file).get().muted).toEqual([])
})

describe('icons', () => {
  const icons = join(import.meta.dirname, '..', '..', 'build', 'icons')
  const marks: Record<Mark, true> = {
    healthy: true,
    ending: true,
    refreshing: true,
    waiting: true,
    attention: true,
    paused: true,
    signedOut: true
  }
  const drawn = readdirSync(join(icons, 'out', 'tray'))
  /** Width and height, from the IHDR chunk. */
  const sizeOf = (file: string) => {
    const png = readFileSync(file)
    expect(png.toString('latin1', 1, 4)).toBe('PNG')
    return [png.readUInt32BE(16), png.readUInt32BE(20)]
  }

  test.each(Object.keys(marks))('%s is drawn for every system, in its size', (mark) => {
    const size = (name: string) => sizeOf(join(icons, 'out', 'tray', name))
    expect(size(`tray-${mark}-Template.png`)).toEqual([16, 16])
    expect(size(`tray-${mark}-Template@2x.png`)).toEqual([32, 32])
    for (const theme of ['light', 'dark']) {
      expect(size(`tray-${mark}-${theme}.png`)).toEqual([16, 16])
      expect(size(`tray-${mark}-${theme}@1.5x.png`)).toEqual([24, 24])
      expect(size(`tray-${mark}-${theme}-linux.png`)).toEqual([48, 48])
      expect(size(`item-${mark}-${theme}@2x.png`)).toEqual([32, 32])
    }
  })

  test('the marks differ in shape, without any colour', () => {
    const templates = drawn.filter((name) => name.endsWith('-Template@2x.png'))
    const pictures = new Set(templates.map((name) => readFileSync(join(icons, 'out', 'tray', name), 'base64')))
    expect(pictures.size).toBe(Object.keys(marks).length)
  })
})

describe('a tray host on Linux', () => {
  async function watch(timeoutMs: number) {
    const clock = fakeClock()
    const seen: string[] = []
    const host = { isThere: false, asked: 0 }
    const stop = await watchTrayHost({
      clock,
      ask: async () => {
        host.asked++
        return host.isThere
      },
      timeoutMs,
      found: () => seen.push('found'),
      missing: () => seen.push('missing')
    })
    return { clock, seen, host, stop }
  }

  test('that comes up within the patience is found and nothing was missed', async () => {
    const { clock, seen, host } = await watch(loginTimeoutMs)
    await clock.advance(loginTimeoutMs - 10_000)
    expect(seen).toEqual([])
    host.isThere = true
    await clock.advance(5_000)
    expect(seen).toEqual(['found'])
    const { asked } = host
    await clock.advance(600_000)
    expect(host.asked).toBe(asked)
  })

  test('that never comes is missed once; one that comes after that is still found', async () => {
    const { clock, seen, host } = await watch(loginTimeoutMs)
    await clock.advance(loginTimeoutMs)
    expect(seen).toEqual(['missing'])
    await clock.advance(600_000)
    expect(seen).toEqual(['missing'])
    host.isThere = true
    await clock.advance(30_000)
    expect(seen).toEqual(['missing', 'found'])
  })

  test('without patience it is missed at once, and nothing is asked after the end', async () => {
    const { clock, seen, host, stop } = await watch(0)
    expect([seen, host.asked]).toEqual([['missing'], 1])
    stop()
    await clock.advance(600_000)
    expect(host.asked).toBe(1)
  })
})
