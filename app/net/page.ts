// The plain pages that gateway and dashboard write themselves, in one look, and the headers every answer of theirs carries.
// The style is allowed by its hash, so that no policy here need allow anything inline.
import { createHash } from 'node:crypto'

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:16vh auto;padding:0 1rem;color:#222;background:#fff}' +
  'h1{font-size:1.25rem}code{font:.95em ui-monospace,monospace;padding:.1em .35em;border-radius:4px;background:#eee}' +
  '.digits{font:600 2rem ui-monospace,monospace;letter-spacing:.2em;margin:1rem 0}b{overflow-wrap:anywhere}' +
  '@media(prefers-color-scheme:dark){body{color:#ddd;background:#1c1c1e}code{background:#333}a{color:#8ab4ff}}'

/** How a content security policy names an inline text that it allows. */
export const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
export const styleHash = hashOf(style)

/** Never kept, framed, sniffed or shared with another origin; no link carries a referrer. */
export const privateHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
}

/** Text from anywhere, made harmless in HTML. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** `html` and `head` hold only what is written in our sources or went through escaped(). */
export function writePage(title: string, html: string, head = ''): string {
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<link rel="icon" href="data:,">${head}<title>${escaped(title)} – Tokentray</title><style>${style}</style>` +
    `<main><h1>${escaped(title)}</h1>${html}</main></html>\n`
  )
}
