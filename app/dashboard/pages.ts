// What every answer of the dashboard carries, and its few pages of its own: calm words, no script, one inline style.
// The style is allowed by its hash, so the policy stays as strict as that of the bundle.
import { createHash } from 'node:crypto'

const policy = (style: string) =>
  `default-src 'none'; script-src 'self'; style-src ${style}; img-src 'self' data:; font-src 'self'; ` +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** On every answer, whatever it says. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policy("'self'"),
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
}

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;color:#222;background:#fff}' +
  'h1{font-size:1.25rem}code{font:.95em ui-monospace,monospace;padding:.1em .35em;border-radius:4px;background:#eee}' +
  '@media(prefers-color-scheme:dark){body{color:#ddd;background:#1c1c1e}code{background:#333}a{color:#8ab4ff}}'

export const pageHeaders: Readonly<Record<string, string>> = {
  ...securityHeaders,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy(`'sha256-${createHash('sha256').update(style).digest('base64')}'`)
}

/** `html` is written here in the sources, never made from what somebody sent. */
function page(title: string, html: string, head = ''): string {
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    '<link rel="icon" href="data:,">' +
    `${head}<title>${title} – Tokentray</title><style>${style}</style><main><h1>${title}</h1>${html}</main></html>\n`
  )
}

const run = '<p>Run <code>tokentray open</code> in a terminal on the computer Tokentray runs on.</p>'

export const pages = {
  /**
   * Goes on to the dashboard from a page of its own origin. A redirect would not do: it still counts as coming from the
   * file that held the link, and a SameSite=Strict cookie is not sent then.
   */
  opening: page(
    'Opening…',
    '<p><a href="/">Go to the dashboard</a></p>',
    '<meta http-equiv="refresh" content="0;url=/">'
  ),
  sessionNeeded: page('Please open this from a terminal', `${run}<p>It opens this page for you, and only for you.</p>`),
  linkSpent: page('This link has been used or is too old', `<p>Each link works once, for a minute.</p>${run}`),
  notHere: page('There is nothing here', '<p><a href="/">Go to the dashboard</a></p>'),
  notAllowed: page('This cannot be done from there', '<p>Another page asked for it. Nothing was done.</p>'),
  wrongHost: page('This is not the address of Tokentray', run),
  wrongMethod: page('This cannot be asked that way', '<p><a href="/">Go to the dashboard</a></p>'),
  tooMany: page('Too many windows are open', '<p>Close one of the other dashboards, then reload.</p>')
} as const
