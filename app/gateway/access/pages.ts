// The few pages a browser meets at /authorize: they tell, they wait, they decide nothing.
// A strict policy with hashes; never framed, never cached, and no link of theirs carries a referrer.
import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:16vh auto;padding:0 1rem;color:#222;background:#fff}' +
  'h1{font-size:1.25rem}code{font:.95em ui-monospace,monospace;padding:.1em .35em;border-radius:4px;background:#eee}' +
  '.digits{font:600 2rem ui-monospace,monospace;letter-spacing:.2em;margin:1rem 0}b{overflow-wrap:anywhere}' +
  '@media(prefers-color-scheme:dark){body{color:#ddd;background:#1c1c1e}code{background:#333}a{color:#8ab4ff}}'

/** Asks whether a decision was made, and loads the page anew then: that answer goes on to the client. */
const script =
  'const look=async()=>{try{const r=await fetch(location.pathname+"/wait",{cache:"no-store"});' +
  'if(r.status!==200||(await r.json()).decided)return location.reload()}' +
  'catch{await new Promise(r=>setTimeout(r,2000))}look()};look()'

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; connect-src 'self'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
}

const write = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** `html` holds only what write() let through. */
function page(title: string, html: string, head = ''): string {
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<link rel="icon" href="data:,">${head}<title>${write(title)} – Tokentray</title><style>${style}</style>` +
    `<main><h1>${write(title)}</h1>${html}</main></html>\n`
  )
}

export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, headers).end(html)
}

export const told = (title: string, sentence: string): string => page(title, `<p>${write(sentence)}</p>`)

/** Shown while a person decides in Tokentray. The digits are the same there. */
export const waiting = (name: string, digits: string, isChoosing: boolean): string =>
  page(
    'Waiting for your decision in Tokentray',
    `<p><b>${write(name)}</b> wants to use ${isChoosing ? 'your MCP servers' : 'an MCP server of yours'}. ` +
      'Open Tokentray and look for the request with these digits:</p>' +
      `<p class="digits">${write(digits)}</p>` +
      '<p>Or in a terminal: <code>tokentray clients list</code>, then <code>tokentray clients allow</code>. ' +
      'Deny a request whose digits you see nowhere in your browser. This page goes on by itself.</p>' +
      `<script>${script}</script>`,
    '<noscript><meta http-equiv="refresh" content="3"></noscript>'
  )

/** Goes on to an application; browsers may want a click for that. */
export const handOver = (name: string, address: string): string =>
  page(
    `Going back to ${name}`,
    `<p><a href="${write(address)}">Go on to ${write(name)}</a></p><p>You can close this page then.</p>`,
    `<meta http-equiv="refresh" content="0;url=${write(address)}">`
  )
