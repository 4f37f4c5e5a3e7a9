// The log: one JSON object a line, by pino, to a file that is rotated. A secret cannot get in: it prints as [secret].
// Callers pass named fields; errors are logged by code and message, and by stack only when they were not foreseen.
import { existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { TokentrayError } from '../contract/errors.ts'
import { makePrivateFolder } from './paths.ts'

export type Fields = Record<string, string | number | boolean | null>

export interface Log {
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, error: unknown, fields?: Fields): void
  /** What is logged at least, from now on: debug, info, warn or error. */
  setLevel(level: string): void
  close(): void
}

export const silentLog: Log = { info() {}, warn() {}, error() {}, setLevel() {}, close() {} }

/** The loggable part of an error: a foreseen one has said all in its code and message. */
function describeError(error: unknown): Fields {
  if (error instanceof TokentrayError) {
    const cause = error.cause instanceof Error ? `${error.cause.name}: ${error.cause.message}` : null
    return { code: error.code, reason: error.message, cause }
  }
  return { code: 'unexpected', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

/** How many files that were full are kept. */
const maxOldFiles = 3

/** Moves tokentray.log to .1, .1 to .2 …; the oldest goes. */
function rotate(file: string): void {
  for (let n = maxOldFiles; n >= 1; n--) {
    const from = n === 1 ? file : `${file}.${n - 1}`
    if (existsSync(from)) renameSync(from, `${file}.${n}`)
  }
}

/** How much waits in memory for a disk that is full. */
const maxWaitingBytes = 1_000_000

/**
 * A log in `folder`/tokentray.log (0600), at most `maxBytes` a file and three older ones.
 * Lines are written synchronously: a log that is lost in a crash is no log. Once open it never throws: a full disk
 * must not take the owner down, and with it a token that is held in memory until there is room again.
 */
export function openLog(folder: string, level = 'info', maxBytes = 2_000_000): Log {
  makePrivateFolder(folder)
  const file = join(folder, 'tokentray.log')
  const found = statSync(file, { throwIfNoEntry: false })
  // Opening a pipe to write would wait for a reader.
  if (found?.isFIFO())
    throw new TokentrayError('vaultUnwritable', `The log ${file} is a named pipe. Remove it, then try again.`)
  let written = found?.size ?? 0
  // What could not be written is tried again with the next line.
  const open = () =>
    pino.destination({ dest: file, sync: true, mode: 0o600, maxLength: maxWaitingBytes }).on('error', () => {})
  let target = open()
  const turnOver = () => {
    try {
      rotate(file)
      const next = open()
      target.end()
      target = next
      written = 0
    } catch {
      // The old file goes on until it can be turned over.
    }
  }
  const logger = pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    {
      write(line: string) {
        if (written > maxBytes) turnOver()
        written += line.length
        target.write(line)
      }
    }
  )
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, error, fields = {}) => logger.error({ ...fields, ...describeError(error) }, message),
    setLevel: (level) => {
      logger.level = level
    },
    close: () => target.end()
  }
}
