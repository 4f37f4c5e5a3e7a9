// The security headers on every answer of the dashboard, and its few own pages: no script, one inline style.
// The style is allowed by its hash, so the policy stays as strict as that of the bundle.
import { privateHeaders, styleHash, writePage } from '../net/page.ts'

const policy = (style: string) =>
  `default-src 'none'; script-src 'self'; style-src ${style}; img-src 'self' data:; font-src 'self'; ` +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** On every answer, whatever it says. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policy("'self'"),
  ...privateHeaders
}

export const pageHeaders: Readonly<Record<string, string>> = {
  ...securityHeaders,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy(styleHash)
}

const run = '<p>Run <code>tokentray open</code> in a terminal on the computer where Tokentray runs.</p>'

export const pages = {
  /**
   * Goes on to the dashboard from a page of its own origin. A redirect would not do: it still counts as coming from the
   * file that held the link, and a SameSite=Strict cookie is not sent then.
   */
  opening: writePage(
    'Opening…',
    '<p><a href="/">Go to the dashboard</a></p>',
    '<meta http-equiv="refresh" content="0;url=/">'
  ),
  sessionNeeded: writePage(
    'Open the dashboard from a terminal',
    `${run}<p>It opens the dashboard with a link that works once.</p>`
  ),
  linkSpent: writePage(
    'This link was already used or has expired',
    `<p>Each link works once and expires after a minute.</p>${run}`
  ),
  notHere: writePage('Page not found', '<p><a href="/">Go to the dashboard</a></p>'),
  notAllowed: writePage('Request blocked', '<p>The request came from another website. Nothing was done.</p>'),
  wrongHost: writePage('This is not Tokentray’s address', run),
  wrongMethod: writePage('Method not allowed', '<p><a href="/">Go to the dashboard</a></p>'),
  tooMany: writePage('Too many windows are open', '<p>Close one of the other dashboards, then reload this page.</p>')
} as const
