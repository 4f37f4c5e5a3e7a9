// The plain HTML pages of gateway and dashboard in one style, and the security headers of all their answers.
// A content security policy allows the style by its hash, so that no other inline text can get in.
import { createHash } from 'node:crypto'
import type { Theme } from '../contract/settings.ts'

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:16vh auto;padding:0 1rem;color:#222;background:#fff}' +
  'h1{font-size:1.25rem}code{font:.95em ui-monospace,monospace;padding:.1em .35em;border-radius:4px;background:#eee;overflow-wrap:anywhere}' +
  '.digits{font:600 2rem ui-monospace,monospace;letter-spacing:.2em;margin:1rem 0}b{overflow-wrap:anywhere}' +
  '@media(prefers-color-scheme:dark){body{color:#ddd;background:#1c1c1e}code{background:#333}a{color:#8ab4ff}}'

/** The source expression by which a content security policy allows one inline text. */
export const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
export const styleHash = hashOf(style)

/** Forbid caching, framing, content sniffing and use by another origin; links send no referrer. */
export const privateHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
}

/** Any text, safe inside HTML elements and quoted attributes. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** `html` and `head` are inserted as they are: any text from outside must have gone through escaped(). */
export function writePage(title: string, html: string, head = ''): string {
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<link rel="icon" href="data:,">${head}<title>${escaped(title)} – Tokentray</title><style>${style}</style>` +
    `<main><h1>${escaped(title)}</h1>${html}</main></html>\n`
  )
}

/** The start page of the bundle in the theme of the settings, which no script has to set after the first paint. */
export const themed = (page: Buffer, theme: Theme): string =>
  page.toString('utf8').replace('<html', theme === 'system' ? '<html' : `<html data-theme="${theme}"`)
