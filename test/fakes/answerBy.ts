// What a test's own HTTP server does with each request, by an async function.
// A client that goes away in the middle of one is no failure: its test may well be over, and nobody hears the rejection.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

export function answerBy(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<unknown>
): RequestListener {
  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!request.socket.destroyed) throw error
    })
  }
}
