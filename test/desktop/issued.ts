// Every secret that an authorization server in this process hands out, read off its replies as they leave.
// A test that looks for leaks must know the refresh tokens too, which no door of Tokentray tells.
import { ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

const names = ['access_token', 'refresh_token', 'id_token', 'client_secret', 'registration_access_token']

/** From now until the end of the test. */
export function watchIssued(): ReadonlySet<string> {
  const issued = new Set<string>()
  const { end } = ServerResponse.prototype
  ServerResponse.prototype.end = function (this: ServerResponse, ...args: unknown[]) {
    const [body] = args
    const text = Buffer.isBuffer(body) ? body.toString() : body
    if (typeof text === 'string' && text.startsWith('{') && names.some((name) => text.includes(`"${name}"`)))
      for (const name of names) {
        const value: unknown = JSON.parse(text)[name]
        if (typeof value === 'string') issued.add(value)
      }
    return end.apply(this, args as never)
  } as typeof end
  onTestFinished(() => {
    ServerResponse.prototype.end = end
  })
  return issued
}
