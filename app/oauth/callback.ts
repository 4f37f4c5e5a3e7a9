// The loopback listener that a browser is redirected to at the end of a sign-in (RFC 8252 section 7.3), and its page.
// Sign-ins with one registration share its port. The `state` tells them apart; a request with an unknown state changes nothing.
import type { Server, ServerResponse } from 'node:http'
import { TokentrayError } from '../contract/errors.ts'
import { createServer } from '../net/http.ts'

/** What the page says, or the address the browser is sent to instead. Any `text` will do: it is escaped. */
export type Page = Said | { to: string }
type Said = { ok: boolean; title: string; text: string }
/** Called with a response that has the expected state. When a browser reloads it is called again and must answer the same. */
export type Answer = (parameters: URLSearchParams) => Promise<Page>

export type Callback = {
  redirectUri: string
  port: number
  expect(state: string, answer: Answer): void
  /** Forgets the state. The listener closes with the last sign-in that uses it, after its page was delivered. */
  close(): void
}

/** Opens the listener at `host` and `port`; 0 lets the system choose a port. Rejects with `portInUse`. */
export type OpenCallback = (host: '127.0.0.1' | 'localhost', port: number) => Promise<Callback>

type SharedListener = { port: number; servers: Server[]; answers: Map<string, Answer>; users: number; busy: number }

export const callbackPath = '/callback'

export function createCallbacks(): OpenCallback {
  const listeners = new Map<string, SharedListener>()
  const open: OpenCallback = async (host, port) => {
    const shared = listeners.get(`${host}:${port}`)
    if (shared) shared.users++
    const listener = shared ?? (await listen(host, port))
    const key = `${host}:${listener.port}`
    listeners.set(key, listener)
    const states = new Set<string>()
    let isOpen = true
    return {
      port: listener.port,
      redirectUri: `http://${key}${callbackPath}`,
      expect(state, answer) {
        states.add(state)
        listener.answers.set(state, answer)
      },
      close() {
        if (!isOpen) return
        isOpen = false
        for (const state of states) listener.answers.delete(state)
        if (--listener.users > 0) return
        listeners.delete(key)
        for (const server of listener.servers) server.close()
        endConnections(listener)
      }
    }
  }
  // One after the other: a second sign-in on the same port must find the listener that the first is still opening.
  let last: Promise<unknown> = Promise.resolve()
  return (host, port) => {
    const opened = last.then(() => open(host, port))
    last = opened.catch(() => {})
    return opened
  }
}

async function listen(host: '127.0.0.1' | 'localhost', port: number): Promise<SharedListener> {
  const listener: SharedListener = { port, servers: [], answers: new Map(), users: 1, busy: 0 }
  listener.port = await bind(listener, '127.0.0.1', port)
  // Browsers may resolve `localhost` to ::1; a machine without IPv6 fails to open it and needs only 127.0.0.1.
  if (host === 'localhost')
    await bind(listener, '::1', listener.port).catch((error: unknown) => {
      if (!(error instanceof TokentrayError)) return
      for (const server of listener.servers) server.close()
      throw error
    })
  return listener
}

function bind(listener: SharedListener, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      listener.busy++
      response.on('close', () => {
        listener.busy--
        if (listener.users === 0) endConnections(listener)
      })
      const url = URL.parse(request.url ?? '', 'http://callback')
      const known = url?.pathname === callbackPath && request.method === 'GET'
      if (!url || !known) return send(response, 404, { ok: false, title: 'Page not found', text: '' })
      const state = url.searchParams.get('state') ?? ''
      const answer = listener.answers.get(state)
      if (!answer) return send(response, 400, strayPage)
      answer(url.searchParams).then(
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
