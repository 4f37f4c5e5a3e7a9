// Opens the pages of sign-ins in the person's browser, each without its address in an argument (see handOver()).
// Knows which sign-ins are under way, and takes back what leads to one that has ended.
import { randomBytes } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { shell } from 'electron'
import type { Clock } from '../app/base/clock.ts'
import type { Snapshot } from '../app/contract/views.ts'
import { type HandOver, handOver } from '../app/net/browserHandOver.ts'
import { mayOpenOutside } from './pages.ts'

export type SignInPages = {
  /** False where the address is not fit for a browser. Again: opens it again. */
  open(url: string): boolean
  /** Takes back what leads to sign-ins that this snapshot no longer has. */
  update(snapshot: Snapshot): void
  close(): void
}

/** `onStolen` is called with the address of a sign-in whose link two have opened: it must end. */
export function createSignInPages(o: {
  folder: string
  clock: Pick<Clock, 'after'>
  onStolen(url: string): void
}): SignInPages {
  /** By the sign-in's address; one opened again has several. */
  const opened = new Map<string, Promise<HandOver>[]>()
  const openAt = (url: string) =>
    shell.openExternal(url).then(
      () => true,
      () => false
    )

  function takeBack(url: string): void {
    for (const handing of opened.get(url) ?? []) void handing.then((handedOver) => handedOver.close())
    opened.delete(url)
  }

  return {
    open(url) {
      if (!mayOpenOutside(url, true)) return false
      const handing = handOver(url, {
        folder: o.folder,
        clock: o.clock,
        randomBytes,
        openPage: (file) => openAt(pathToFileURL(file).href),
        openBrowser: openAt,
        onStolen: () => o.onStolen(url)
      })
      opened.set(url, [...(opened.get(url) ?? []), handing])
      return true
    },
    update({ servers }) {
      if (opened.size === 0) return
      const running = new Set(servers.map(({ signIn }) => signIn?.url))
      for (const url of opened.keys()) if (!running.has(url)) takeBack(url)
    },
    close() {
      for (const url of opened.keys()) takeBack(url)
    }
  }
}
