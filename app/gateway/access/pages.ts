// The few pages a browser sees at /authorize: a message, a page that waits for consent, a link back to an application.
// No page can give consent. Script and style are allowed by their hash; pages are never framed or cached.
import type { ServerResponse } from 'node:http'
import { escaped, hashOf, privateHeaders, styleHash, writePage } from '../../net/page.ts'

/** Names the request that a page waits for. A header: no address can carry it, and no cookie that others could plant. */
export const ticketHeader = 'x-tokentray-ticket'

/** Asks until a decision was made, then goes to the client's address, which only this page is told. */
const script =
  'const {ticket}=document.querySelector("main [data-ticket]").dataset,' +
  'show=id=>document.querySelector("main").replaceChildren(document.getElementById(id).content),' +
  'poll=async()=>{try{' +
  `const r=await fetch("/authorize/wait",{headers:{"${ticketHeader}":ticket},cache:"no-store"});` +
  'if(r.status===404)return show("over");' +
  'const {location:to}=await r.json();' +
  'if(to){show("back");document.querySelector("main a").href=to;return location.replace(to)}}' +
  'catch{await new Promise(r=>setTimeout(r,2000))}poll()};poll()'

const headers = {
  ...privateHeaders,
  // A worker that another program planted on this port while Tokentray was away. Not cookies: other ports share them.
  'clear-site-data': '"storage"',
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    `default-src 'none'; script-src ${hashOf(script)}; style-src ${styleHash}; img-src data:; connect-src 'self'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, headers).end(html)
}

export const messagePage = (title: string, sentence: string): string => writePage(title, `<p>${escaped(sentence)}</p>`)

/** What became of a request that nobody can answer any more. */
export const over = {
  title: 'This request is no longer pending',
  sentence: 'It was answered or has expired. Try again from the client.'
}

/** Shown while a person decides in Tokentray. The digits are the same there. Only this page knows its `ticket`. */
export const waitingPage = (name: string, digits: string, isChoosing: boolean, ticket: string): string =>
  writePage(
    'Waiting for your decision in Tokentray',
    `<p><b>${escaped(name)}</b> requests access to ${isChoosing ? 'your MCP servers' : 'one of your MCP servers'}. ` +
      'Open Tokentray and find the request with these digits:</p>' +
      `<p class="digits" data-ticket="${escaped(ticket)}">${escaped(digits)}</p>` +
      '<p>Or, in a terminal, run <code>tokentray clients list</code>, then ' +
      `<code>tokentray clients allow ${escaped(digits)}</code>. ` +
      'Deny any request whose digits do not appear in your browser. This page continues automatically.</p>' +
      '<noscript><p>This page needs JavaScript to return to the client.</p></noscript>' +
      `<template id="over"><h1>${over.title}</h1><p>${over.sentence}</p></template>` +
      `<template id="back"><h1>Returning to ${escaped(name)}</h1>${continueLink(name, '')}</template>` +
      `<script>${script}</script>`
  )

const continueLink = (name: string, address: string): string =>
  `<p><a href="${escaped(address)}">Continue to ${escaped(name)}</a></p><p>You can then close this page.</p>`

/** Opens the client's application, with a link, since some browsers want a click for that. */
export const appLinkPage = (name: string, address: string): string =>
  writePage(
    `Returning to ${name}`,
    continueLink(name, address),
    `<meta http-equiv="refresh" content="0;url=${escaped(address)}">`
  )
