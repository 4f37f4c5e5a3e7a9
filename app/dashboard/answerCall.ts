// Answers one command from a browser: reads its body up to the limit and hands it to the core at the door `browser`.
// The core decides what that door may do; nothing here knows any command.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Core } from '../core/core.ts'
import { maxBodyBytes } from '../owner/listen.ts'
import { refuse, sendJson } from './replies.ts'

/** Resolves when the answer was delivered or the browser has gone. */
export async function answerCall(core: Core, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A page of another site cannot send this type without a preflight, which is refused.
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    return refuse(response, 415, 'inputInvalid', 'Send commands as application/json.')
  const tooLarge = () => refuse(response, 413, 'inputInvalid', 'The command is larger than 1 MiB.')
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
    return // The page went away in the middle of its own command.
  }
  let call: { command?: unknown; input?: unknown } | null = null
  try {
    call = JSON.parse(Buffer.concat(body).toString('utf8'))
  } catch {
    // Answered below, like any other text that names no command.
  }
  if (typeof call?.command !== 'string')
    return refuse(response, 400, 'inputInvalid', 'Send a command as JSON: {"command": …, "input": …}.')
  const reply = await core.handle('browser', call.command, call.input ?? {})
  if (response.closed) return
  await new Promise<void>((resolve) => {
    response.once('close', resolve)
    sendJson(response, 200, reply)
  })
}
