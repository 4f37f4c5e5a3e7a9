// The loopback listener that a browser is redirected to at the end of a sign-in (RFC 8252 section 7.3), and its page.
// Sign-ins with one registration share its port. The `state` tells them apart; a request with an unknown state changes nothing.
import type { Server, ServerResponse } from 'node:http'
import { onAbort } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { TokentrayError } from '../contract/errors.ts'
import { createServer } from '../net/http.ts'
import { shown } from './metadata.ts'

/** What the page says, or the address the browser is sent to instead. Any `text` will do: it is escaped. */
export type Page = Said | { to: string }
type Said = { ok: boolean; title: string; text: string }
/** Called with a response that has the expected state. When a browser reloads it is called again and must answer the same. */
export type Answer = (parameters: URLSearchParams) => Promise<Page>
/** Told in a sentence of a response without a state, which belongs to no sign-in for certain. */
export type OnStray = (sentence: string) => void

export type Callback = {
  redirectUri: string
  port: number
  expect(state: string, answer: Answer, onStray: OnStray): void
  /** Forgets the state. With the last sign-in that uses it the listener closes, or lingers, after its page was delivered. */
  close(): void
}

/**
 * Opens the listener at `host` and `port`; 0 lets the system choose a port. `isChosen`: a person chose the port, so it is free for other
 * programs as soon as the sign-in ends. Rejects with `portInUse`.
 */
export type OpenCallback = (host: '127.0.0.1' | 'localhost', port: number, isChosen: boolean) => Promise<Callback>

export type CallbackOptions = {
  clock: Pick<Clock, 'now' | 'alarm'>
  /** Until it aborts, a listener without a sign-in lingers, to tell a late browser that the sign-in is over. Absent: none lingers. */
  lingerUntil?: AbortSignal | undefined
}

type SharedListener = {
  key: string
  port: number
  servers: Server[]
  waiting: Map<string, { answer: Answer; onStray: OnStray }>
  users: number
  busy: number
  /** When a response without a state was last told. */
  toldAt: number
  /** Ends the lingering without closing the listener. */
  stopWait: () => void
}

export const callbackPath = '/callback'
const lingerMs = 3_600_000
const maxLingering = 8
/** Anybody can call the callback, so that without a pause between them a page could flood a terminal with sentences. */
const tellEveryMs = 10_000

export function createCallbacks({ clock, lingerUntil }: CallbackOptions): OpenCallback {
  const listeners = new Map<string, SharedListener>()
  /** The oldest first. */
  const lingering = new Set<SharedListener>()
  const shut = (listener: SharedListener) => {
    wake(listener)
    listeners.delete(listener.key)
    const closed = listener.servers.map((server) => new Promise((resolve) => server.close(resolve)))
    endConnections(listener)
    return Promise.all(closed)
  }
  const wake = (listener: SharedListener) => {
    listener.stopWait()
    listener.stopWait = () => {}
    lingering.delete(listener)
  }
  const linger = (listener: SharedListener) => {
    const until = clock.now() + lingerMs
    const wait = () => {
      if (clock.now() >= until) void shut(listener)
      else listener.stopWait = clock.alarm(until, wait)
    }
    wait()
    lingering.add(listener)
    for (const server of listener.servers) server.unref()
    endConnections(listener)
    for (const oldest of lingering) if (lingering.size > maxLingering) void shut(oldest)
  }
  if (lingerUntil)
    onAbort(lingerUntil, () => {
      for (const listener of lingering) void shut(listener)
    })

  const open: OpenCallback = async (host, port, isChosen) => {
    const shared = listeners.get(`${host}:${port}`)
    if (shared) {
      shared.users++
      wake(shared)
      for (const server of shared.servers) server.ref()
    } else for (const other of lingering) if (other.port === port) await shut(other)
    const listener = shared ?? (await listen(host, port, clock))
    listeners.set(listener.key, listener)
    const states = new Set<string>()
    let isOpen = true
    return {
      port: listener.port,
      redirectUri: `http://${listener.key}${callbackPath}`,
      expect(state, answer, onStray) {
        states.add(state)
        listener.waiting.set(state, { answer, onStray })
      },
      close() {
        if (!isOpen) return
        isOpen = false
        for (const state of states) listener.waiting.delete(state)
        if (--listener.users > 0) return
        if (lingerUntil && !lingerUntil.aborted && !isChosen) linger(listener)
        else void shut(listener)
      }
    }
  }
  // One after the other: a second sign-in on the same port must find the listener that the first is still opening.
  let last: Promise<unknown> = Promise.resolve()
  return (host, port, isChosen) => {
    const opened = last.then(() => open(host, port, isChosen))
    last = opened.catch(() => {})
    return opened
  }
}

async function listen(
  host: '127.0.0.1' | 'localhost',
  port: number,
  clock: CallbackOptions['clock']
): Promise<SharedListener> {
  const listener: SharedListener = {
    ...{ key: '', port, servers: [], waiting: new Map(), users: 1, busy: 0 },
    toldAt: Number.NEGATIVE_INFINITY,
    stopWait() {}
  }
  listener.port = await bind(listener, '127.0.0.1', port, clock)
  listener.key = `${host}:${listener.port}`
  // Browsers may resolve `localhost` to ::1; a machine without IPv6 fails to open it and needs only 127.0.0.1.
  if (host === 'localhost')
    await bind(listener, '::1', listener.port, clock).catch((error: unknown) => {
      if (!(error instanceof TokentrayError)) return
      for (const server of listener.servers) server.close()
      throw error
    })
  return listener
}

function bind(
  listener: SharedListener,
  address: string,
  port: number,
  clock: CallbackOptions['clock']
): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      listener.busy++
      response.on('close', () => {
        listener.busy--
        if (listener.users === 0) endConnections(listener)
      })
      // Late: the address holds a code that nobody waits for, so it is not even looked at.
      if (listener.users === 0 && request.method === 'GET') return send(response, 410, overPage)
      const url = URL.parse(request.url ?? '', 'http://callback')
      const known = url?.pathname === callbackPath && request.method === 'GET'
      if (!url || !known) return send(response, 404, { ok: false, title: 'Page not found', text: '' })
      const state = url.searchParams.get('state') ?? ''
      const found = listener.waiting.get(state)
      if (!found)
        return send(response, 400, state === '' ? tellStray(listener, url.searchParams, clock.now()) : strayPage)
      found.answer(url.searchParams).then(
        (page) => ('to' in page ? sendOff(response, page.to) : send(response, page.ok ? 200 : 400, page)),
        () => send(response, 500, { ok: false, title: 'Sign-in failed', text: 'See Tokentray for the reason.' })
      )
    })
    server.on('error', (error: NodeJS.ErrnoException) => reject(bindError(error, port)))
    server.listen({ host: address, port, exclusive: true }, () => {
      listener.servers.push(server)
      const bound = server.address()
      resolve(typeof bound === 'object' && bound ? bound.port : port)
    })
  })
}

function bindError(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error
  const why = error.code === 'EACCES' ? 'requires more permissions' : 'is in use by another program'
  return new TokentrayError(
    'portInUse',
    `Port ${port} on this computer, which the sign-in returns to, ${why}. Free it or choose another redirect port.`
  )
}

/** A browser keeps spare connections open, which would keep the process alive. One that still receives its page may finish. */
function endConnections(listener: SharedListener): void {
  if (listener.busy === 0) for (const server of listener.servers) server.closeAllConnections()
}

const strayPage: Said = {
  ok: false,
  title: 'Tokentray is not waiting for this sign-in',
  text: 'This tab may be out of date. Use the newest link, or start the sign-in again.'
}

const overPage: Said = {
  ok: false,
  title: 'This sign-in is over',
  text: 'Tokentray no longer waits for it, and has not read what this page brought. If the server still needs you, start again: choose Sign in beside the server in Tokentray, or run tokentray login with the name of the server.'
}

/**
 * Tells the sign-ins that wait here of a response without a state. It is not acted on: without a state nothing shows that it belongs to
 * a sign-in of this person (RFC 6749 section 10.12). Resolves to its page.
 */
function tellStray(listener: SharedListener, parameters: URLSearchParams, now: number): Said {
  const said = wordsOfResponse(parameters)
  if (said === null || listener.waiting.size === 0) return strayPage
  if (Math.abs(now - listener.toldAt) >= tellEveryMs) {
    listener.toldAt = now
    const sentence = `A response arrived that belongs to no sign-in for certain, since it has no state, and was not used. ${said} Tokentray is still waiting.`
    for (const tell of new Set([...listener.waiting.values()].map(({ onStray }) => onStray))) tell(sentence)
  }
  return {
    ok: false,
    title: 'This response could not be used',
    text: `It has no state, so Tokentray cannot tell which sign-in it belongs to. ${said} Tokentray is still waiting.`
  }
}

/** What a response says of itself, without its code; null: it is no response (RFC 6749 sections 4.1.2 and 4.1.2.1). */
function wordsOfResponse(parameters: URLSearchParams): string | null {
  const [error, description] = [parameters.get('error'), parameters.get('error_description')]
  if (error === null) return parameters.has('code') ? 'It brings a code.' : null
  return `It says: ${shown(error)}${description ? ` (${shown(description)})` : ''}.`
}

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;color:#222;background:#fff}' +
  '@media(prefers-color-scheme:dark){body{color:#ddd;background:#1c1c1e}}'

function sendOff(response: ServerResponse, location: string): void {
  response.writeHead(303, {
    location,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close'
  })
  response.end()
}

function send(response: ServerResponse, status: number, page: Said): void {
  const title = escaped(page.title)
  const end = status === 404 ? '' : '<p>You can close this window.</p>'
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close'
  })
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>${style}</style>` +
      `<h1>${title}</h1><p>${escaped(page.text)}</p>${end}</html>`
  )
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
