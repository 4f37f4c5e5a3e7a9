// Everything a command may touch outside itself, handed in: streams, time, environment, ownership, the core, the browser.
// main.ts makes the real one; tests make their own.
import type { Readable, Writable } from 'node:stream'
import type { Clock, Random } from '../base/clock.ts'
import type { Environment, Paths } from '../base/paths.ts'
import type { Secret } from '../base/secret.ts'
import type { Core, CoreOptions } from '../core/core.ts'
import type { OwnerKind } from '../owner/endpoint.ts'

export type Input = Readable & { isTTY?: boolean }
export type Output = Writable & { isTTY?: boolean; columns?: number; rows?: number }

/** What openCore() is given. */
export type HostOptions = {
  home: Paths
  kind: OwnerKind
  version: string
  clock: Clock
  random: Random
  environment: Environment
  /** Asks the person on the terminal, without echo; absent where there is none. */
  ask?: (question: string) => Promise<Secret>
  /** Told in a sentence what a person should know while the vault is opened. */
  notice?: (sentence: string) => void
  /** A vault in memory with a throw-away key. */
  ephemeral?: boolean
  /** A vault that is yet to be gets a passphrase instead of a key in the keychain. */
  askForNewPassphrase?: boolean
  /** A vault that does not open is a state of the core and no rejection. */
  standBy?: boolean
  /** Answers `dashboard.link`. */
  dashboardLink?: NonNullable<CoreOptions['dashboardLink']>
}

export type Ownership = { release(): void }

export type World = {
  env: Environment
  platform: NodeJS.Platform
  paths: Paths
  version: string
  stdin: Input
  stdout: Output
  stderr: Output
  clock: Clock
  random: Random
  /** Aborts with an Interrupted as reason: Ctrl-C, SIGTERM, or nobody reads the output any more. */
  signal: AbortSignal
  claim(folder: string): Promise<Ownership | null>
  hostCore(options: HostOptions): Promise<Core>
  /** Resolves with false where no browser could be started; the URL has been printed by then. */
  openBrowser(url: string): Promise<boolean>
  /** Shows a page of our own on this disk; false where no browser could be started. Absent where none ever is. */
  openPage?(file: string): Promise<boolean>
}

/** The command was stopped from outside: not an error to be told, only an exit code. */
export class Interrupted extends Error {
  readonly exitCode: number
  constructor(exitCode: number) {
    super('interrupted')
    this.exitCode = exitCode
  }
}
