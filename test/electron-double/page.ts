// The stand-in's page: the real bundled preload runs in a context of its own, and what crosses is cloned as IPC clones it.
// There is no DOM here; the page is whatever the preload exposed to it.
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import type * as Real from 'electron'
import type { Reply } from '../../app/contract/commands.ts'
import type { StreamMessage } from '../../app/contract/stream.ts'

export type Exposed = {
  call(name: string, input?: unknown): Promise<Reply<unknown>>
  onMessage(listener: (message: StreamMessage) => void): () => void
}
export type Frame = Pick<Real.WebFrameMain, 'url'> & { url: string }
export type Sender = EventEmitter & Pick<Real.WebContents, 'send' | 'isDestroyed'> & { mainFrame: Frame }

export type Handlers = Map<string, Parameters<Real.IpcMain['handle']>[1]>
export type Pages = (request: Request) => Promise<Response>
export type MakePage = (preload: string, handlers: Handlers, ipcMain: EventEmitter, note: () => void) => Page

export class Page {
  readonly sender: Sender
  readonly #renderer = new EventEmitter()
  protected readonly preload: string
  readonly #handlers: Handlers
  readonly #ipcMain: EventEmitter
  #isDestroyed = false
  /** What the preload put into the page's world, by name. */
  exposed: Record<string, unknown> = {}
  /** Every address that was loaded. */
  readonly visited: string[] = []
  answer: Response | null = null
  text = ''
  /** Everything that crossed the IPC, both ways, as JSON. */
  readonly traffic: string[] = []

  constructor(preload: string, handlers: Handlers, ipcMain: EventEmitter, note: () => void) {
    this.preload = preload
    this.#handlers = handlers
    this.#ipcMain = ipcMain
    this.sender = Object.assign(new EventEmitter(), {
      mainFrame: { url: '' },
      isDestroyed: () => this.#isDestroyed,
      send: (channel: string, ...args: unknown[]) => {
        this.deliver(channel, this.#cross(args))
        note()
      }
    })
  }

  get tokentray(): Exposed {
    return this.exposed.tokentray as Exposed
  }

  async load(url: string, pages: Pages): Promise<void> {
    const isSamePage = url.split('#')[0] === this.visited.at(-1)?.split('#')[0]
    this.visited.push(url)
    this.sender.mainFrame.url = url
    if (isSamePage) return this.move(url)
    await this.open(url, pages)
  }

  /** A call as a frame of this page would make it. */
  invoke(frame: Frame | null, channel: string, ...args: unknown[]): Promise<unknown> {
    return this.#invoke({ sender: this.sender, senderFrame: frame }, channel, args)
  }

  async evaluate(code: string): Promise<unknown> {
    return runInNewContext(code, { window: this.exposed, document: { body: { innerText: this.text } } })
  }

  /** Another fragment of the page that is loaded. */
  protected async move(_url: string): Promise<void> {}

  /** Loads the document and runs the preload before it. */
  protected async open(url: string, pages: Pages): Promise<void> {
    this.answer = await pages({ url, method: 'GET' } as Request)
    this.text = (await this.answer.text()).replace(/<[^>]*>/g, '').trim()
    this.#runPreload()
  }

  /** Hands a message from the main process to the preload. */
  protected deliver(channel: string, args: unknown[]): void {
    this.#renderer.emit(channel, {}, ...args)
  }

  /** ipcRenderer.invoke() of the top frame. */
  protected ask(channel: string, args: unknown[]): Promise<unknown> {
    return this.#invoke({ sender: this.sender, senderFrame: this.sender.mainFrame }, channel, args)
  }

  /** ipcRenderer.send() of the top frame. */
  protected tell(channel: string, args: unknown[]): void {
    this.#ipcMain.emit(channel, { sender: this.sender, senderFrame: this.sender.mainFrame }, ...this.#cross(args))
  }

  destroy(): void {
    this.#isDestroyed = true
    this.sender.emit('destroyed')
  }

  async #invoke(event: unknown, channel: string, args: unknown[]): Promise<unknown> {
    const handler = this.#handlers.get(channel)
    if (!handler) throw new Error(`No handler registered for '${channel}'`)
    return this.#cross([await handler(event as Real.IpcMainInvokeEvent, ...this.#cross(args))])[0]
  }

  #cross(args: unknown[]): unknown[] {
    const clones = structuredClone(args)
    this.traffic.push(JSON.stringify(clones))
    return clones
  }

  #runPreload(): void {
    const ipcRenderer = {
      on: (channel: string, listener: (event: never, ...args: never[]) => void) =>
        this.#renderer.on(channel, listener as () => void),
      send: (channel, ...args) => this.tell(channel, args),
      invoke: (channel, ...args) => this.ask(channel, args)
    } satisfies Pick<Real.IpcRenderer, 'send' | 'invoke'> & {
      on(...args: Parameters<Real.IpcRenderer['on']>): unknown
    }
    const contextBridge = {
      exposeInMainWorld: (name, api: unknown) => {
        this.exposed[name] = api
      }
    } satisfies Pick<Real.ContextBridge, 'exposeInMainWorld'>
    // A sandboxed preload can require 'electron' and little else.
    const require = (name: string) => {
      if (name === 'electron') return { contextBridge, ipcRenderer }
      throw new Error(`module not found: ${name}`)
    }
    runInNewContext(readFileSync(this.preload, 'utf8'), { require, module: { exports: {} }, exports: {} })
  }
}
