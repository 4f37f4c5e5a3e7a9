// The stand-in's page in a real Chromium: the real preload runs before the real pages, and IPC crosses process borders.
// Chromium knows no app: scheme, so pages come under https from the same handler; there is no isolated world.
import { readFileSync } from 'node:fs'
import type { Browser, Page as Tab } from 'playwright-core'
import { patience } from '../renderer/chromium.ts'
import { type MakePage, Page, type Pages } from './page.ts'

const stage = 'https://tokentray.test'
const toStage = (url: string) => url.replace(/^app:\/\/tokentray/, stage)
const fromStage = (url: string) => url.replace(stage, 'app://tokentray')

export class ChromiumPage extends Page {
  readonly #browser: Browser
  #tab: Tab | null = null
  /** What the console, the content policy and uncaught errors said. */
  readonly complaints: string[] = []

  constructor(browser: Browser, ...parts: Parameters<MakePage>) {
    super(...parts)
    this.#browser = browser
  }

  get tab(): Tab {
    if (!this.#tab) throw new Error('the page is not loaded yet')
    return this.#tab
  }

  protected override async open(url: string, pages: Pages): Promise<void> {
    const context = await this.#browser.newContext({ viewport: { width: 420, height: 640 } })
    context.setDefaultTimeout(patience)
    const tab = await context.newPage()
    tab.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text())
    })
    tab.on('pageerror', (error) => this.complaints.push(String(error)))
    await tab.route('**/*', async (route) => {
      const answer = await pages({ url: fromStage(route.request().url()), method: route.request().method() } as Request)
      const body = Buffer.from(await answer.arrayBuffer())
      // A tab that is just closing takes no answer; one that stays without it is missed by the test.
      await route.fulfill({ status: answer.status, headers: Object.fromEntries(answer.headers), body }).catch(() => {})
    })
    await tab.exposeFunction('doubleInvoke', (channel: string, args: unknown[]) => this.ask(channel, args))
    await tab.exposeFunction('doubleSend', (channel: string, args: unknown[]) => this.tell(channel, args))
    await tab.addInitScript(`{
      const listeners = new Map()
      globalThis.doubleDeliver = (channel, args) => { for (const each of listeners.get(channel) ?? []) each({}, ...args) }
      const { doubleInvoke, doubleSend } = globalThis
      const electron = {
        contextBridge: { exposeInMainWorld: (name, api) => { globalThis[name] = Object.freeze(api) } },
        ipcRenderer: {
          on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
          invoke: (channel, ...args) => doubleInvoke(channel, args),
          send: (channel, ...args) => void doubleSend(channel, args)
        }
      }
      const require = (name) => { if (name === 'electron') return electron; throw new Error('module not found: ' + name) }
      const module = { exports: {} }
      ;((require, module, exports) => {${readFileSync(this.preload, 'utf8')}\n})(require, module, module.exports)
    }`)
    this.#tab = tab
    await tab.goto(toStage(url))
  }

  protected override async move(url: string): Promise<void> {
    await this.tab.goto(toStage(url))
  }

  protected override deliver(channel: string, args: unknown[]): void {
    // A tab that is just closing has nobody left to tell.
    this.#tab
      ?.evaluate(
        ([name, values]) =>
          (globalThis as never as { doubleDeliver: (...it: unknown[]) => void }).doubleDeliver(name, values),
        [channel, args] as const
      )
      .catch(() => {})
  }

  override async evaluate(code: string): Promise<unknown> {
    return this.tab.evaluate(code)
  }

  override destroy(): void {
    super.destroy()
    // It may be gone with its browser.
    this.#tab
      ?.context()
      .close()
      .catch(() => {})
  }
}
