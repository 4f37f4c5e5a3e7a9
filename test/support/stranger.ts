// Another user of this computer, who attacks: a program that really runs as uid 65534.
// Only root can start one; the tests that need a stranger say so where they are skipped.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

export const strangerId = 65_534

/** Why no stranger can be started here; null where one can. */
export const noStranger: string | null = (() => {
  if (process.platform !== 'linux') return 'needs Linux, for another uid'
  if (process.getuid?.() !== 0) return 'needs root, to run a program as another uid'
  try {
    accessSync('/usr/bin/setpriv', constants.X_OK)
    return null
  } catch {
    return 'needs setpriv (util-linux)'
  }
})()

export type Stranger = {
  /** The next line that the program prints, read as JSON. Rejects where it ends without one. */
  next(): Promise<unknown>
  /** Everything it has printed so far, and was not asked for by next(). */
  rest(): unknown[]
  send(line: string): void
  stop(): Promise<void>
}

/** Runs `script`, an ES module, as uid 65534; `args` are its process.argv from 1 on. */
export function startStranger(script: string, ...args: string[]): Stranger {
  const ids = ['--reuid', `${strangerId}`, '--regid', `${strangerId}`, '--clear-groups']
  const node = [process.execPath, '--input-type=module', '-e', script, '--', ...args]
  const child: ChildProcess = spawn('setpriv', [...ids, ...node], {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const printed: unknown[] = []
  const waiting: PromiseWithResolvers<unknown>[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const first = waiting.shift()
    if (first) first.resolve(JSON.parse(line))
    else printed.push(JSON.parse(line))
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  ended.then(() => {
    for (const { reject } of waiting) reject(new Error('the stranger ended'))
  })
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(stop)
  return {
    next() {
      if (printed.length > 0) return Promise.resolve(printed.shift())
      const next = Promise.withResolvers<unknown>()
      waiting.push(next)
      return next.promise
    },
    rest: () => printed.splice(0),
    send: (line) => void child.stdin!.write(`${line}\n`),
    stop
  }
}
