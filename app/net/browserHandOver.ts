// Sends a browser to a sign-in without its address in an argument: every user of the computer can read those, and whoever has
// the address of a sign-in can sign in there with an account of his own.
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { createServer } from './http.ts'
import { privateHeaders, styleHash, writePage } from './page.ts'
import { removeRedirect, writeRedirect } from './redirectFile.ts'

export type HandOver = {
  /** False where no browser could be started. */
  isStarted: boolean
  /** Takes back what was not used. To be called when the sign-in has ended. */
  close(): void
}

export type HandOverOptions = {
  /** The private folder for the file. */
  folder: string
  clock: Pick<Clock, 'after'>
  randomBytes: (size: number) => Buffer
  /** Starts the browser on a file; false where there is none. */
  openPage(file: string): Promise<boolean>
  /** Starts the browser on an address that everybody may see. */
  openBrowser(url: string): Promise<boolean>
  /** Two have taken the address that everybody may see: the sign-in must end. */
  onStolen(): void
}

/** How long a browser may take to read the file. Those in a sandbox (Snap, Flatpak) cannot. */
export const fileTimeoutMs = 5000
/** How long the first who takes the visible address waits for another one: the browser that was started would be the second. */
export const holdMs = 5000

/**
 * Opens `url`, http or https, in a browser: by a private file that leads there; if that is not read, by an address of our own
 * that works once. Rejects with what `openPage` rejects with.
 */
export async function handOver(url: string, o: HandOverOptions): Promise<HandOver> {
  const target = URL.parse(url)
  if (!target || !/^https?:$/.test(target.protocol)) return { isStarted: false, close() {} }
  const [hidden, visible] = [0, 1].map(() => `/${o.randomBytes(32).toString('base64url')}`) as [string, string]
  /** Who went on to `url`: the reader of the file, or the first at the visible address. */
  let taken: 'file' | 'address' | null = null
  let isStolen = false
  let cancelFile = () => {}
  /** Lets the first at the visible address go on, or not; null: nobody waits. */
  let held: ((isLetOn: boolean) => void) | null = null

  const handle: RequestListener = async (request, response) => {
    const say = (status: number, page: string) => response.writeHead(status, pageHeaders).end(page)
    const goOn = () => response.writeHead(303, { ...pageHeaders, location: target.href }).end()
    if (request.method !== 'GET' || (request.url !== hidden && request.url !== visible)) return say(404, pages.unknown)
    if (isStolen) return say(410, pages.stolen)
    if (request.url === hidden && taken !== 'address') {
      taken = 'file'
      cancelFile()
      held?.(false)
      return goOn()
    }
    if (taken === 'file') return say(410, pages.opened)
    if (taken === 'address' || held) {
      isStolen = true
      held?.(false)
      o.onStolen()
      return say(410, pages.stolen)
    }
    const isLetOn = await new Promise<boolean>((resolve) => {
      const cancel = o.clock.after(holdMs, () => resolve(true))
      held = (answer) => {
        cancel()
        resolve(answer)
      }
    })
    held = null
    if (!isLetOn) return say(410, isStolen ? pages.stolen : pages.opened)
    taken = 'address'
    goOn()
  }

  const server = createServer(handle)
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(true))
  })
  if (!isListening) return { isStarted: false, close() {} }
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const file = writeFile(o, origin + hidden)
  const close = () => {
    cancelFile()
    held?.(false)
    if (file !== null) removeRedirect(file)
    server.close()
    server.closeIdleConnections()
  }
  const openVisible = () => o.openBrowser(origin + visible)
  let isStarted = false
  try {
    isStarted = await (file === null ? openVisible() : o.openPage(file))
  } finally {
    if (!isStarted) close()
  }
  if (!isStarted) return { isStarted, close }
  if (file !== null && taken === null) cancelFile = o.clock.after(fileTimeoutMs, () => void openVisible())
  return { isStarted, close }
}

/** Null where the folder takes no file: the visible link is left. */
function writeFile({ folder, randomBytes }: HandOverOptions, link: string): string | null {
  try {
    return writeRedirect(folder, randomBytes(8).toString('hex'), link)
  } catch {
    return null
  }
}

const pageHeaders = {
  ...privateHeaders,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src ${styleHash}; img-src data:; frame-ancestors 'none'`,
  connection: 'close'
}

const pages = {
  unknown: writePage('Page not found', ''),
  opened: writePage('Sign-in already open', '<p>Another tab has opened this sign-in. You can close this one.</p>'),
  stolen: writePage(
    'Sign-in ended',
    '<p>This link was opened twice, perhaps by another program on this computer. Start the sign-in again in Tokentray.</p>'
  )
} as const
