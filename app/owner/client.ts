// The client's end of the control socket, through which a command talks to the process that owns the vault.
// Every `tokentray token` loads this file, so it imports node:http and nothing heavier: no zod, no commander, only types of the contract.
import type { ClientRequest, IncomingMessage } from 'node:http'
import { connect as dial } from 'node:net'
import { onAbort } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Paths } from '../base/paths.ts'
import { expose } from '../base/secret.ts'
import type { Call, Reply } from '../contract/commands.ts'
import { type ErrorCode, exitCodes, TokentrayError } from '../contract/errors.ts'
import { createFollower } from '../contract/follower.ts'
import type { StreamMessage } from '../contract/stream.ts'
import { checkStreamVersion, streamVersion, streamVersionHeader } from '../contract/streamVersion.ts'
import type { Snapshot } from '../contract/views.ts'
import { request } from '../net/http.ts'
import { checkSocket, type Endpoint, type OwnerKind, readEndpoint } from './endpoint.ts'

export type Client = {
  pid: number
  kind: OwnerKind
  version: string
  /** Rejects with the owner's own error, `ownerUnreachable` when it is gone (`.cause` is `notSent` if it never heard). */
  call: Call
  /** The current snapshot, then each new one, until the owner ends or `signal` aborts. Rejects `versionUnsupported`. */
  snapshots(signal: AbortSignal): AsyncGenerator<Snapshot>
}

/** The cause of an `ownerUnreachable` whose command certainly never reached an owner: trying again is safe. */
export const notSent = new Error('the command was not sent')
/** An owner that takes longer than this to say who it is counts as not answering. */
const answerTimeoutMs = 3000

/** The owner of this vault; null when nobody answers. Rejects `ownerElsewhere`, `ownerUnreachable`, `vaultNotPrivate`. */
export async function connect(paths: Paths, clock: Clock): Promise<Client | null> {
  const endpoint = readEndpoint(paths.ownerFolder)
  if (!endpoint) return null
  checkSocket(endpoint)
  if (!(await isThere(endpoint, clock))) return null
  if (endpoint.vault !== paths.vault)
    throw new TokentrayError(
      'ownerElsewhere',
      `Process ${endpoint.pid} uses another vault in the same folder, ${endpoint.vault}. Keep each vault in a separate folder.`
    )
  const { pid, kind, version } = endpoint
  return {
    pid,
    kind,
    version,
    call: (name, input) => call(endpoint, name, input) as never,
    snapshots: (signal) => snapshots(endpoint, signal)
  }
}

function open(endpoint: Endpoint, method: string, path: string, more: Record<string, string> = {}): ClientRequest {
  const headers = { authorization: `Bearer ${expose(endpoint.key)}`, 'content-type': 'application/json', ...more }
  // Without an agent, whose search for a TLS server name takes 4 ms of each start.
  return request({ createConnection: () => dial(endpoint.socket), method, path, headers })
}

function isThere(endpoint: Endpoint, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = open(endpoint, 'GET', '/')
    const cancel = clock.after(answerTimeoutMs, () => ask.destroy())
    ask.on('response', (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    ask.on('error', () => resolve(false))
    ask.on('close', () => {
      cancel()
      resolve(false)
    })
    ask.end()
  })
}

async function call(endpoint: Endpoint, command: string, input: unknown): Promise<unknown> {
  let text = ''
  try {
    const response = await respond(open(endpoint, 'POST', '/call'), JSON.stringify({ command, input }))
    response.setEncoding('utf8')
    for await (const chunk of response) text += chunk
  } catch (error) {
    throw ownerGone(endpoint, error)
  }
  const reply = parse(text)
  if (!reply) throw ownerGone(endpoint, new Error('the reply is not valid'))
  if (reply.ok) return reply.value
  throw asError(reply)
}

function asError({ code, message }: { code: string; message: string }): TokentrayError {
  return new TokentrayError(code in exitCodes ? (code as ErrorCode) : 'unexpected', message)
}

async function* snapshots(endpoint: Endpoint, signal: AbortSignal): AsyncGenerator<Snapshot> {
  const follower = createFollower()
  while (!signal.aborted) {
    let isGap = false
    for await (const message of messages(endpoint, signal)) {
      const snapshot = follower.take(message)
      if (snapshot) yield snapshot
      isGap = !snapshot
      if (isGap) break
    }
    // A stream begins with a whole snapshot, so what was missed comes with a new one.
    if (!isGap) return
  }
}

/** The messages of one stream. Rejects `versionUnsupported`, and `ownerUnreachable` where it breaks off. */
async function* messages(endpoint: Endpoint, signal: AbortSignal): AsyncGenerator<StreamMessage> {
  if (signal.aborted) return
  const ask = open(endpoint, 'GET', '/snapshots', { [streamVersionHeader]: String(streamVersion) })
  const stopListening = onAbort(signal, () => ask.destroy())
  try {
    const response = await respond(ask)
    response.setEncoding('utf8')
    let text = ''
    if (response.statusCode === 200) checkStreamVersion(response.headers[streamVersionHeader])
    for await (const chunk of response) {
      text += chunk
      if (response.statusCode !== 200 || !chunk.includes('\n')) continue
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line) as StreamMessage
    }
    const refusal = response.statusCode === 200 ? null : parse(text)
    if (refusal && !refusal.ok) throw asError(refusal)
  } catch (error) {
    if (signal.aborted) return
    throw error instanceof TokentrayError ? error : ownerGone(endpoint, error)
  } finally {
    stopListening()
    ask.destroy()
  }
}

function respond(ask: ClientRequest, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    ask.on('response', resolve)
    ask.on('error', reject)
    ask.end(body)
  })
}

function parse(text: string): Reply<unknown> | null {
  try {
    const reply = JSON.parse(text)
    return typeof reply?.ok === 'boolean' ? reply : null
  } catch {
    return null
  }
}

function ownerGone(endpoint: Endpoint, error: unknown): TokentrayError {
  const { code } = error as NodeJS.ErrnoException
  const cause = code === 'ECONNREFUSED' || code === 'ENOENT' ? notSent : error
  return new TokentrayError(
    'ownerUnreachable',
    `Tokentray (process ${endpoint.pid}) stopped before it responded. Run the command again.`,
    { cause }
  )
}
