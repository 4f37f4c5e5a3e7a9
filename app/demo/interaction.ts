// The demo's sign-in and consent: given at once, or on a page with two links where a person is meant to see one.
// It asks for no password: the demo has one account, and nothing to protect.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/** What a client that asks for no scope gets (RFC 6749 section 3.3), and the scope of every resource. */
export const demoScope = 'mcp'

/** Sends the bare form of a page, without the text around it: only programs read it. */
export async function showForm(ctx: KoaContextWithOIDC, form: string): Promise<void> {
  ctx.body = form
}

const question = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Demo sign-in</title>
<style>body{font:16px/1.5 system-ui;max-width:26rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}
a{display:inline-block;margin:.5rem .5rem 0 0;padding:.45rem 1rem;border:1px solid;border-radius:6px;color:inherit;text-decoration:none}
a:first-of-type{background:#2d5fe8;border-color:#2d5fe8;color:#fff}</style>
<h1>Demo sign-in</h1><p>Tokentray requests access to a demo server on this computer. Nothing here is real.</p>
<p><a href="?answer=yes">Allow</a><a href="?answer=no">Deny</a></p></html>
`

/** Signs in the one person there is and grants what is asked; `?answer=no` refuses instead. `asks`: by a page. */
export async function answerInteraction(
  provider: Provider,
  request: IncomingMessage,
  reply: ServerResponse,
  asks: boolean
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, reply)
  const finish = (result: Parameters<Provider['interactionFinished']>[2]) =>
    provider.interactionFinished(request, reply, result)
  const answer = new URL(request.url ?? '/', provider.issuer).searchParams.get('answer')
  if (asks && answer === null && prompt.name !== 'login') {
    reply.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    })
    reply.end(question)
    return
  }
  if (answer === 'no') {
    return finish({ error: 'access_denied', error_description: 'The request was denied.' })
  }
  if (prompt.name === 'login') return finish({ login: { accountId: 'demo' } })

  const grant = new provider.Grant({ accountId: session?.accountId ?? 'demo', clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope ?? ''))
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(String(resource), demoScope)
  return finish({ consent: { grantId: await grant.save() } })
}
