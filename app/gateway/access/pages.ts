// The few pages a browser sees at /authorize: a message, a page that waits for consent, a link back to an application.
// No page can give consent. Script and style are allowed by their hash; pages are never framed or cached.
import type { ServerResponse } from 'node:http'
import { escaped, hashOf, privateHeaders, styleHash, writePage } from '../../net/page.ts'

/** Polls until a decision was made, then reloads the page, which redirects to the client. */
const script =
  'const poll=async()=>{try{const r=await fetch(location.pathname+"/wait",{cache:"no-store"});' +
  'if(r.status!==200||(await r.json()).decided)return location.reload()}' +
  'catch{await new Promise(r=>setTimeout(r,2000))}poll()};poll()'

const headers = {
  ...privateHeaders,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    `default-src 'none'; script-src ${hashOf(script)}; style-src ${styleHash}; img-src data:; connect-src 'self'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, headers).end(html)
}

export const messagePage = (title: string, sentence: string): string => writePage(title, `<p>${escaped(sentence)}</p>`)

/** Shown while a person decides in Tokentray. The digits are the same there. */
export const waitingPage = (name: string, digits: string, isChoosing: boolean): string =>
  writePage(
    'Waiting for your decision in Tokentray',
    `<p><b>${escaped(name)}</b> requests access to ${isChoosing ? 'your MCP servers' : 'one of your MCP servers'}. ` +
      'Open Tokentray and find the request with these digits:</p>' +
      `<p class="digits">${escaped(digits)}</p>` +
      '<p>Or, in a terminal, run <code>tokentray clients list</code>, then ' +
      `<code>tokentray clients allow ${escaped(digits)}</code>. ` +
      'Deny any request whose digits do not appear in your browser. This page continues automatically.</p>' +
      `<script>${script}</script>`,
    '<noscript><meta http-equiv="refresh" content="3"></noscript>'
  )

/** Opens the client's application, with a link, since some browsers want a click for that. */
export const appLinkPage = (name: string, address: string): string =>
  writePage(
    `Returning to ${name}`,
    `<p><a href="${escaped(address)}">Continue to ${escaped(name)}</a></p><p>You can then close this page.</p>`,
    `<meta http-equiv="refresh" content="0;url=${escaped(address)}">`
  )
