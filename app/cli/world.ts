// Everything a command may touch outside itself: what hosting a vault needs, and the terminal's streams and a browser.
// main.ts makes the real one, and tests make their own; `signal` aborts with an Interrupted.
import type { Readable, Writable } from 'node:stream'
import type { Hosting } from '../owner/hosting.ts'

export type Input = Readable & { isTTY?: boolean }
export type Output = Writable & { isTTY?: boolean; columns?: number; rows?: number }

export type World = Hosting & {
  platform: NodeJS.Platform
  readonly stdin: Input
  stdout: Output
  stderr: Output
  /** All addresses of a name, as the system's resolver has them. Rejects where there are none. */
  lookUp(name: string): Promise<readonly string[]>
  /** Resolves with false where no browser could be started; the URL has been printed by then. */
  openBrowser(url: string): Promise<boolean>
  /** Shows a page of our own on this disk; false where no browser could be started. Absent where none ever is. */
  openPage?(file: string): Promise<boolean>
}

/** Why a world's signal aborts (Ctrl-C, SIGTERM, nobody reads the output any more): no error to tell, only an exit code. */
export class Interrupted extends Error {
  readonly exitCode: number
  constructor(exitCode: number) {
    super('interrupted')
    this.exitCode = exitCode
  }
}
