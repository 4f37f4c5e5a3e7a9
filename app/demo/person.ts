// A headless person: opens the authorization URL, follows every redirect, ends at the client's loopback callback.
// Stands in for a browser in the demo and in end-to-end tests.
import { TokentrayError } from '../contract/errors.ts'

export type Answer = 'yes' | 'no'

/**
 * Resolves when the client's callback was called and has answered, whatever it thought of it.
 * `answer: 'no'` refuses consent. Rejects `signInFailed` if the authorization server never sent the person back.
 */
export async function approve(authorizeUrl: string, answer: Answer = 'yes'): Promise<void> {
  // The callback may send the browser to another authorization request, which a refused one led to.
  for (let url: string | null = authorizeUrl; url !== null; ) {
    const reply: Response = await fetch(await callbackUrl(url, answer), { redirect: 'manual' })
    await reply.body?.cancel()
    url = reply.headers.get('location')
  }
}

/** Like `approve`, but hands back the callback URL unvisited: for pasting it, or for tests without a listener. */
export async function callbackUrl(authorizeUrl: string, answer: Answer = 'yes'): Promise<string> {
  const { origin } = new URL(authorizeUrl)
  const cookies = new Map<string, string>()
  let url = new URL(authorizeUrl)
  for (let step = 0; step < 20; step += 1) {
    if (url.pathname.startsWith('/interaction/')) url.searchParams.set('answer', answer)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await fetch(url, { redirect: 'manual', headers: { cookie, accept: 'text/html' } })
    await reply.body?.cancel()
    keepCookies(reply, cookies)
    const location = reply.headers.get('location')
    if (location === null) {
      throw new TokentrayError('signInFailed', `The sign-in page answered HTTP ${reply.status} and did not go back.`)
    }
    url = new URL(location, url)
    if (url.origin !== origin) return url.href
  }
  throw new TokentrayError('signInFailed', 'The sign-in redirected in a loop.')
}

/**
 * Enters a device code as a person would on another machine (RFC 8628 section 3.3), and says yes or no there.
 * Rejects `signInFailed` where the code is not taken.
 */
export async function enterCode(verificationUri: string, userCode: string, answer: Answer = 'yes'): Promise<void> {
  const cookies = new Map<string, string>()
  let url = new URL(verificationUri)
  let body: URLSearchParams | null = null
  for (let step = 0; step < 20; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await fetch(url, { method: body ? 'POST' : 'GET', body, redirect: 'manual', headers: { cookie } })
    const text = await reply.text()
    keepCookies(reply, cookies)
    // What is shown after a no is the empty form again.
    if (body?.has('abort')) return
    body = null
    const location = reply.headers.get('location')
    const hidden = [...text.matchAll(/name="(xsrf|confirm)" value="([^"]*)"/g)]
    if (location !== null) url = new URL(location, url)
    else if (hidden.length > 0) {
      body = new URLSearchParams({ user_code: userCode })
      for (const [, name = '', value = ''] of hidden) body.set(name, value)
      if (answer === 'no' && body.has('confirm')) body.set('abort', 'yes')
    } else if (reply.ok || answer === 'no') return
    else throw new TokentrayError('signInFailed', `The device code page answered HTTP ${reply.status}.`)
  }
  throw new TokentrayError('signInFailed', 'The device code page redirected in a loop.')
}

function keepCookies(reply: Response, cookies: Map<string, string>): void {
  for (const line of reply.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }
}
