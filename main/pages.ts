// Serves the window's pages from the bundled folder under a scheme of their own (app://), with a strict content policy.
// Also decides which addresses are our own pages, and which may be opened in the person's browser.
import { readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import type { Theme } from '../app/contract/settings.ts'
import { themed } from '../app/net/page.ts'

export const scheme = 'app'
const origin = `${scheme}://tokentray`
/** The start page; a fragment names the screen, see renderer/store.ts. */
export const startPage = `${origin}/index.html`

export const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2'
}

export function isOwnPage(url: string): boolean {
  return url.startsWith(`${origin}/`)
}

/** https anywhere; http on this machine only for a sign-in that is under way, as the demo's is. */
export function mayOpenOutside(url: string, isSignIn: boolean): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:') return true
  return isSignIn && protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}

/** Answers a request of the window out of `folder`; 404 for whatever is not a plain file of a known type in it. */
export async function servePage(
  folder: string,
  request: { url: string; method: string },
  theme: Theme = 'system'
): Promise<Response> {
  const missing = () => new Response('Not found', { status: 404 })
  if (request.method !== 'GET' || !isOwnPage(request.url)) return missing()
  let path: string
  try {
    path = decodeURIComponent(new URL(request.url).pathname)
  } catch {
    return missing()
  }
  const file = join(folder, path)
  const type = types[extname(file)]
  if (!type || path.includes('\0') || path.includes('\\') || !file.startsWith(folder + sep)) return missing()
  try {
    const body = await readFile(file)
    return new Response(request.url.startsWith(startPage) ? themed(body, theme) : body, {
      headers: {
        'content-type': type,
        'content-security-policy': contentPolicy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store'
      }
    })
  } catch {
    return missing()
  }
}
