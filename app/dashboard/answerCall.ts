// Reads what a page sends as JSON, up to the limit, and hands commands to the core at the door `browser`.
// The core decides what that door may do; nothing here knows any command.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Core } from '../core/core.ts'
import { maxBodyBytes } from '../owner/listen.ts'
import { refuse, sendJson } from './replies.ts'

/** The body's JSON, `{}` where it is none; null where it was refused with an answer, or the page has gone. */
export async function readJson(
  request: IncomingMessage,
  response: ServerResponse
): Promise<Record<string, unknown> | null> {
  const refuseWith = (status: number, message: string) => {
    refuse(response, status, 'inputInvalid', message)
    return null
  }
  // A page of another site cannot send this type without a preflight, which is refused.
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    return refuseWith(415, 'Send commands as application/json.')
  const tooLarge = () => refuseWith(413, 'The command is larger than 1 MiB.')
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return tooLarge()
  const body: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > maxBodyBytes) return tooLarge()
      body.push(chunk)
    }
  } catch {
    return null // The page went away in the middle of its own command.
  }
  try {
    return JSON.parse(Buffer.concat(body).toString('utf8')) ?? {}
  } catch {
    return {} // Refused by whoever asked, like any other text that lacks what is needed.
  }
}

/** Resolves when the answer was delivered or the browser has gone. `linkedAt`: see HandlersOf. */
export async function answerCall(
  core: Core,
  request: IncomingMessage,
  response: ServerResponse,
  linkedAt: number
): Promise<void> {
  const call = await readJson(request, response)
  if (call === null) return
  if (typeof call.command !== 'string')
    return refuse(response, 400, 'inputInvalid', 'Send a command as JSON: {"command": …, "input": …}.')
  const reply = await core.handle('browser', call.command, call.input ?? {}, linkedAt)
  if (response.closed) return
  await new Promise<void>((resolve) => {
    response.once('close', resolve)
    sendJson(response, 200, reply)
  })
}
