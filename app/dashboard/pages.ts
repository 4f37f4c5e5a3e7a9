// The security headers on every answer of the dashboard, and its few own pages: one inline style and one inline script.
// The policy allows both by their hash, so that no other inline text can get in.
import { escaped, hashOf, privateHeaders, styleHash, writePage } from '../net/page.ts'

/** Copies the command; selects it at least, where the browser gives no access to the clipboard. */
const copyScript =
  "const code=document.querySelector('code'),button=document.querySelector('button');" +
  'button.onclick=async()=>{getSelection().selectAllChildren(code);' +
  "await navigator.clipboard.writeText(code.textContent);button.textContent='Copied'}"

const policy = (script: string, style: string) =>
  `default-src 'none'; script-src ${script}; style-src ${style}; img-src 'self' data:; font-src 'self'; ` +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** On every answer, whatever it says. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policy("'self'", "'self'"),
  ...privateHeaders
}

export const pageHeaders: Readonly<Record<string, string>> = {
  ...securityHeaders,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy(hashOf(copyScript), styleHash)
}

/** The page at every name that others know: how to get in. `command` runs this very installation. */
export const writeWayIn = (command: string): string =>
  writePage(
    'Open the dashboard from a terminal',
    '<p>Run this command on the computer where Tokentray runs. It opens the dashboard with a link that works once.</p>' +
      `<p><code>${escaped(command)}</code> <button>Copy</button></p><script>${copyScript}</script>`
  )

export const pages = {
  notHere: writePage('Page not found', '<p><a href="/">Go to the dashboard</a></p>'),
  notAllowed: writePage('Request blocked', '<p>The request came from another website. Nothing was done.</p>'),
  sessionNeeded: writePage('Session expired', '<p>Run <code>tokentray open</code> in a terminal.</p>'),
  // Without the command: behind a name of their own choice, others could read it (DNS rebinding).
  wrongHost: writePage('This is not Tokentray’s address', '<p>Run <code>tokentray open</code> in a terminal.</p>'),
  wrongMethod: writePage('Method not allowed', '<p><a href="/">Go to the dashboard</a></p>'),
  tooMany: writePage('Too many windows are open', '<p>Close one of the other dashboards, then reload this page.</p>')
} as const
