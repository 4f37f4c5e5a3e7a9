// What a process needs to find the owner of a vault or to become it: clock, paths, the lock, the core, and the person to ask.
// The command line and the desktop application each make their own; tests replace single parts.
import type { Clock, Random } from '../base/clock.ts'
import type { Environment, Paths } from '../base/paths.ts'
import type { Secret } from '../base/secret.ts'
import type { Core, CoreOptions } from '../core/core.ts'
import type { Ownership } from './lock.ts'

export type Hosting = {
  env: Environment
  paths: Paths
  version: string
  clock: Clock
  random: Random
  /** Aborts when the process is to end; whatever is waiting then rejects with its reason. */
  signal: AbortSignal
  /** See claimOwnership(), whose SQLite is loaded only when this is called. */
  claim(folder: string): Promise<Ownership | null>
  /** See openCore(), which is loaded only when this is called. */
  hostCore(options: CoreOptions): Promise<Core>
  /** Tells the person one sentence. */
  notice(sentence: string): void
  /** Has `talk` ask the person questions, whose answers are not shown; null where nobody can be asked. */
  readonly ask: ((talk: (question: Question) => Promise<void>) => Promise<void>) | null
}

/** Resolves with what was typed; null: nothing. */
export type Question = (words: string) => Promise<Secret | null>
