// The way of a sign-in's address into the browser: by a file that only its user reads, else by a visible link that works once.
// Whoever takes the visible link first learns nothing before the browser that was started had its time to be the second.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { fileTimeoutMs, handOver, holdMs } from '../../app/net/browserHandOver.ts'
import { fakeClock } from '../fakes/clock.ts'
import { reason } from '../renderer/chromium.ts'
import { connectChromium } from '../renderer/sharedChromium.ts'
import { linkIn } from '../support/handOver.ts'
import { isSkipped } from '../support/skipped.ts'

const target = 'https://as.example/authorize?state=secret-state&client_id=c'

async function start({ hasBrowser = true, hasFolder = true, url = target } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-hand-over-'))
  const clock = fakeClock()
  let timers = 0
  const visible = Promise.withResolvers<string>()
  const files: string[] = []
  let stolen = 0
  const handedOver = await handOver(url, {
    folder: hasFolder ? folder : '/dev/null/folder',
    clock: {
      after(length, act) {
        timers++
        return clock.after(length, act)
      }
    },
    randomBytes,
    openPage: async (file) => files.push(file) > 0 && hasBrowser,
    async openBrowser(address) {
      visible.resolve(address)
      return true
    },
    onStolen: () => stolen++
  })
  onTestFinished(() => {
    handedOver.close()
    rmSync(folder, { recursive: true, force: true })
  })
  /** Resolves once whoever asked for the visible link waits: the second timer, after that of the file. */
  const isHeld = (timersBegun = 2) => expect.poll(() => timers).toBe(timersBegun)
  return { folder, clock, visible: visible.promise, files, handedOver, isHeld, stolen: () => stolen }
}

/** What a browser gets at `link`: where it is sent, or the status of a page. */
const take = async (link: string) => {
  const reply = await fetch(link, { redirect: 'manual' })
  await reply.body?.cancel()
  return reply.headers.get('location') ?? reply.status
}

test('the file is private, leads there, and works again; nothing is shown to anybody', async () => {
  const { files, folder, clock, visible } = await start()
  expect([statSync(files[0]!).mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700])
  expect([await take(linkIn(files[0]!)), await take(linkIn(files[0]!))]).toEqual([target, target])
  await clock.advance(fileTimeoutMs)
  expect(await Promise.race([visible, 'none'])).toBe('none')
})

test('a browser that reads no such file gets a visible link that says nothing, good once, after a pause', async () => {
  const s = await start()
  await s.clock.advance(fileTimeoutMs)
  const visible = await s.visible
  expect(visible).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/)
  expect(visible).not.toBe(linkIn(s.files[0]!))
  const answer = take(visible)
  await s.isHeld()
  await s.clock.advance(holdMs)
  expect(await answer).toBe(target)
  expect(s.stolen()).toBe(0)
  // Whoever comes then, with either link, is the second.
  expect(await take(visible)).toBe(410)
  expect(s.stolen()).toBe(1)
})

test('two at the visible link within the pause: neither gets on, and the sign-in is ended', async () => {
  const s = await start()
  await s.clock.advance(fileTimeoutMs)
  const first = take(await s.visible)
  await s.isHeld()
  expect(await take(await s.visible)).toBe(410)
  expect(await first).toBe(410)
  expect(s.stolen()).toBe(1)
  expect(await take(linkIn(s.files[0]!))).toBe(410)
})

test('a slow browser that reads the file after all goes on, and who waits at the visible link does not', async () => {
  const s = await start()
  await s.clock.advance(fileTimeoutMs)
  const first = take(await s.visible)
  await s.isHeld()
  expect(await take(linkIn(s.files[0]!))).toBe(target)
  expect([await first, await take(await s.visible), s.stolen()]).toEqual([410, 410, 0])
})

test('where no file can be written, the visible link is used at once', async () => {
  const s = await start({ hasFolder: false })
  expect([s.handedOver.isStarted, s.files]).toEqual([true, []])
  const answer = take(await s.visible)
  await s.isHeld(1)
  await s.clock.advance(holdMs)
  expect(await answer).toBe(target)
})

test('without a browser, and at the end, file and listener are gone', async () => {
  const none = await start({ hasBrowser: false })
  expect([none.handedOver.isStarted, readdirSync(none.folder)]).toEqual([false, []])
  const ended = await start()
  const link = linkIn(ended.files[0]!)
  ended.handedOver.close()
  expect([ended.handedOver.isStarted, readdirSync(ended.folder)]).toEqual([true, []])
  await expect(take(link)).rejects.toThrow()
})

test.each(['javascript:alert(1)', 'file:///etc/passwd', 'cursor://x', 'nonsense'])(
  '%s is opened by nobody',
  async (url) => {
    const { handedOver, files } = await start({ url })
    expect([handedOver.isStarted, files]).toEqual([false, []])
  }
)

test.skipIf(isSkipped(reason !== null, reason ?? ''))('a real Chromium goes both ways', async () => {
  const seen: (string | undefined)[] = []
  const authority = createServer((request, response) => {
    if (request.url?.startsWith('/authorize')) seen.push(request.headers.referer)
    response.end('the sign-in')
  }).listen(0, '127.0.0.1')
  await once(authority, 'listening')
  onTestFinished(() => void authority.close())
  const url = `http://127.0.0.1:${(authority.address() as AddressInfo).port}/authorize?state=s`
  const { browser, close } = await connectChromium()
  onTestFinished(close)
  const page = await (await browser.newContext()).newPage()
  const [byFile, byLink] = [await start({ url }), await start({ url })]
  await page.goto(pathToFileURL(byFile.files[0]!).href)
  await page.waitForURL(url)
  await page.goto('about:blank')
  await byLink.clock.advance(fileTimeoutMs)
  const going = page.goto(await byLink.visible)
  await byLink.isHeld()
  await byLink.clock.advance(holdMs)
  await going
  expect([page.url(), seen, byLink.stolen()]).toEqual([url, [undefined, undefined], 0])
})
