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

const run = '<p>Run <code>tokentray open</code> in a terminal on the computer Tokentray runs on.</p>'

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
    'Please open this from a terminal',
    `${run}<p>It opens this page for you, and only for you.</p>`
  ),
  linkSpent: writePage('This link has been used or is too old', `<p>Each link works once, for a minute.</p>${run}`),
  notHere: writePage('There is nothing here', '<p><a href="/">Go to the dashboard</a></p>'),
  notAllowed: writePage('This cannot be done from there', '<p>Another page asked for it. Nothing was done.</p>'),
  wrongHost: writePage('This is not the address of Tokentray', run),
  wrongMethod: writePage('This cannot be asked that way', '<p><a href="/">Go to the dashboard</a></p>'),
  tooMany: writePage('Too many windows are open', '<p>Close one of the other dashboards, then reload.</p>')
} as const
