// The main process's end of the IPC: who may call is checked here, what they may call and with what in the core's router.
// The only file that touches ipcMain.
import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron'
import type { Reply } from '../app/contract/commands.ts'
import { type DesktopCommandName, type DesktopSettings, desktopCommands } from '../app/contract/desktop.ts'
import { asTokentrayError } from '../app/contract/errors.ts'
import type { StreamMessage } from '../app/contract/stream.ts'
import { channels } from './channels.ts'
import { isOwnPage } from './pages.ts'

export type IpcOptions = {
  /** The window's contents; null while there is no window. */
  contents(): WebContents | null
  handle(name: string, input: unknown): Promise<Reply<unknown>>
  desktop: { read(): DesktopSettings; set(change: Partial<DesktopSettings>): DesktopSettings }
  /** Calls `listener` with each message of the core's from now on; returns what stops it. */
  subscribe(listener: (message: StreamMessage) => void): () => void
  /** The whole snapshot as a message; null while there is no core. */
  whole(): StreamMessage | null
}

const refused: Reply<never> = { ok: false, code: 'notAllowedHere', message: 'Only Tokentray’s own window may do this.' }
const invalid: Reply<never> = { ok: false, code: 'inputInvalid', message: 'The request is not valid.' }

export function openIpc(options: IpcOptions): void {
  /** Only the top frame of our own window, showing our own page. */
  const isTrusted = ({ sender, senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean => {
    const contents = options.contents()
    return (
      contents !== null &&
      sender === contents &&
      senderFrame !== null &&
      senderFrame === contents.mainFrame &&
      isOwnPage(senderFrame.url)
    )
  }

  ipcMain.handle(channels.call, async (event, name: unknown, input: unknown): Promise<Reply<unknown>> => {
    if (!isTrusted(event)) return refused
    if (typeof name !== 'string') return invalid
    return Object.hasOwn(desktopCommands, name)
      ? callDesktop(name as DesktopCommandName, input)
      : options.handle(name, input ?? {})
  })

  function callDesktop(name: DesktopCommandName, input: unknown): Reply<unknown> {
    const { output } = desktopCommands[name]
    if (name === 'desktop.read') return { ok: true, value: output.parse(options.desktop.read()) }
    const parsed = desktopCommands['desktop.set'].input.safeParse(input)
    if (!parsed.success) return invalid
    const change = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined))
    try {
      return { ok: true, value: output.parse(options.desktop.set(change)) }
    } catch (error) {
      const { code, message } = asTokentrayError(error)
      return { ok: false, code, message }
    }
  }

  const watched = new WeakSet<WebContents>()
  ipcMain.on(channels.watch, (event) => {
    const { sender } = event
    if (!isTrusted(event)) return
    const send = (message: StreamMessage) => {
      if (!sender.isDestroyed()) sender.send(channels.message, message)
    }
    const whole = options.whole()
    if (whole) send(whole)
    // A page that was loaded anew, or missed a message, asks again: it gets no second stream.
    if (watched.has(sender)) return
    watched.add(sender)
    sender.once('destroyed', options.subscribe(send))
  })
}
