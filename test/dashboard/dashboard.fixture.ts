// A dashboard on a port of its own over a core the test wrote, asked by raw HTTP, as any program on this machine could.
// node:http rather than fetch, since fetch chooses Host, Origin and Sec-Fetch-* by itself.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { sessionHeader } from '../../app/contract/dashboardSession.ts'
import type { Core } from '../../app/core/core.ts'
import { type Dashboard, type DashboardOptions, startDashboard } from '../../app/dashboard/dashboard.ts'
import { fakeClock } from '../fakes/clock.ts'
import { makeCore } from '../owner/fakeCore.ts'

export type Answer = { status: number; headers: IncomingMessage['headers']; body: string }
export type Question = { method?: string; headers?: Record<string, string | string[]>; body?: string; address?: string }

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-dashboard-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A bundle as Vite leaves one, with a secret beside it and a link that leads there. */
export function makeFiles(folder: string): string {
  const files = join(folder, 'renderer')
  mkdirSync(join(files, 'assets'), { recursive: true })
  if (existsSync(join(files, 'index.html'))) return files
  writeFileSync(
    join(files, 'index.html'),
    '<!doctype html><html lang="en"><title>Tokentray</title><link rel="icon" href="data:,"><script type="module" src="./assets/index-aB3_x9-Z.js"></script><p id="light"></p>'
  )
  writeFileSync(join(files, 'assets', 'index-aB3_x9-Z.js'), 'document.querySelector("#light").textContent = "loaded"')
  writeFileSync(join(files, 'plain.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  writeFileSync(join(files, '.hidden.html'), 'hidden')
  writeFileSync(join(files, 'notes.txt'), 'notes')
  writeFileSync(join(folder, 'beside.html'), 'a secret beside the bundle')
  symlinkSync(join(folder, 'beside.html'), join(files, 'link.html'))
  return files
}

/** One request, read to its end. `port` of 127.0.0.1. */
export function ask(port: number, path: string, question: Question = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, address = '127.0.0.1' } = question
    const asked = request({ host: address, port, path, method, headers, agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

export async function makeDashboard<C extends Core = ReturnType<typeof makeCore>>(
  given: Partial<DashboardOptions> & { core?: C } = {}
) {
  const folder = makeFolder()
  const clock = fakeClock()
  const core = given.core ?? (makeCore() as unknown as C)
  const runtime = join(folder, 'run')
  const dashboard = await startDashboard({
    files: makeFiles(folder),
    folder: runtime,
    port: 0,
    command: 'tokentray open',
    clock,
    randomBytes,
    ...given,
    core
  })
  onTestFinished(() => dashboard.close())
  const { port } = dashboard
  const host = hostOf(dashboard)
  const own = { host, origin: `http://${host}` }
  /** The headers of a new session's requests, as the pages send them. */
  const signIn = async (): Promise<Record<string, string>> => {
    const { secret } = JSON.parse((await enter(port, dashboard.link({ as: 'text' }).link!)).body).value
    return { ...own, [sessionHeader]: secret }
  }
  return { dashboard, core, clock, port, host, runtime, signIn, own }
}

/** The host of the pages with the port, as a link tells it. */
export const hostOf = (dashboard: Dashboard): string => new URL(dashboard.link({ as: 'text' }).link!).host

/** Asks for the session of a link, as the page at the link does. */
export function enter(port: number, link: string, more: Record<string, string> = {}): Promise<Answer> {
  const { host, origin, hash } = new URL(link)
  return ask(port, '/link', {
    method: 'POST',
    headers: { host, origin, 'content-type': 'application/json', ...more },
    body: JSON.stringify({ link: hash.slice('#link/'.length) })
  })
}

/** Sends one command as the dashboard's own page would; `session` as signIn() makes it. */
export function command(
  port: number,
  session: Record<string, string>,
  name: string,
  input: unknown = {},
  more: Record<string, string> = {}
): Promise<Answer> {
  return ask(port, '/call', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...session, ...more },
    body: JSON.stringify({ command: name, input })
  })
}

export type Stream = {
  status: number
  headers: IncomingMessage['headers']
  /** Resolves with all received so far once it matches. */
  until(pattern: RegExp): Promise<string>
  text(): string
  /** Stops reading, so that what is sent piles up. */
  pause(): void
  resume(): void
  ended: Promise<void>
  leave(): void
}

export function openStream(port: number, headers: Record<string, string>): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/snapshots', headers, agent: false }, (response) => {
      let text = ''
      const watchers = new Set<() => void>()
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        for (const watch of [...watchers]) watch()
      })
      response.on('error', () => {}) // A stream that is cut ends, which `ended` tells.
      const ended = new Promise<void>((done) => response.once('close', () => done()))
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: () => text,
        ended,
        until: (pattern) =>
          new Promise((found, failed) => {
            const look = () => {
              if (!pattern.test(text)) return
              watchers.delete(look)
              found(text)
            }
            watchers.add(look)
            look()
            ended.then(() => failed(new Error(`the stream ended without ${pattern}: ${text}`)))
          }),
        pause: () => void response.pause(),
        resume: () => void response.resume(),
        leave: () => void asked.destroy()
      })
    })
    asked.on('error', reject)
    onTestFinished(() => void asked.destroy())
    asked.end()
  })
}
