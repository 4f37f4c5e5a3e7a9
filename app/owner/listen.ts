// The owner's end of the control socket: runs the commands that other processes of this user send over HTTP.
// POST /call answers one command; GET /snapshots streams changes, one JSON text per line; GET / says who answers.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { makePrivateFolder, makeRuntimeFolder, type Paths } from '../base/paths.ts'
import { expose, Secret } from '../base/secret.ts'
import type { Reply } from '../contract/commands.ts'
import { type ErrorCode, TokentrayError } from '../contract/errors.ts'
import { streamVersion, streamVersionHeader } from '../contract/streamVersion.ts'
import type { Core } from '../core/core.ts'
import { sayProblem } from '../health/problems.ts'
import { createServer } from '../net/http.ts'
import { type OwnerKind, removeEndpoint, writeEndpoint } from './endpoint.ts'
import { streamChanges } from './stream.ts'

/** Room for the largest command, four secrets of 64 KiB, and some. */
export const maxBodyBytes = 1024 * 1024
/** How long a client may take to fetch its last answer before a closing owner hangs up. */
const closeTimeoutMs = 2000

export type Listener = { close(): Promise<void> }

/**
 * Opens the control socket and writes owner.json. Call it only while holding ownership: what is left of an earlier
 * owner's socket is removed. `close()` answers what is in flight, ends the streams, and removes socket and note.
 */
export async function listen(given: {
  core: Core
  paths: Paths
  kind: OwnerKind
  version: string
  clock: Clock
}): Promise<Listener> {
  const { core, paths } = given
  const key = new Secret(randomBytes(32).toString('base64url'))
  const socket = paths.socket ?? `\\\\.\\pipe\\tokentray-${randomBytes(16).toString('hex')}`
  const calls = new Set<Promise<void>>()
  const streams = new Set<() => void>()

  const server = createServer((request, response) => {
    if (!isKey(request, key)) return deny(request, response, 401, 'notAllowedHere', 'The key is not valid.')
    const route = `${request.method} ${request.url}`
    if (route === 'GET /') return send(response, 200, { ok: true, value: { pid: process.pid, version: given.version } })
    if (route === 'GET /snapshots') return follow(request, response)
    if (route !== 'POST /call') return deny(request, response, 404, 'commandUnknown', `${route} does not exist.`)
    const call = answer(core, request, response).finally(() => calls.delete(call))
    calls.add(call)
  })
  function follow(request: IncomingMessage, response: ServerResponse): void {
    const asked = request.headers[streamVersionHeader]
    const sentence = `This Tokentray sends version ${streamVersion} of the stream of changes, but another version was requested.`
    if (asked === undefined || asked === String(streamVersion)) streamChanges(core, response, streams)
    else deny(request, response, 406, 'versionUnsupported', sentence)
  }

  makePrivateFolder(paths.ownerFolder)
  if (paths.socket !== null) {
    makeRuntimeFolder(paths)
    rmSync(paths.socket, { force: true })
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new TokentrayError(
          'ownerUnreachable',
          `The control socket ${socket} could not be opened: ${sayProblem(error.code)}.`,
          {
            cause: error
          }
        )
      )
    )
    server.listen(socket, resolve)
  })
  if (paths.socket !== null) chmodSync(paths.socket, 0o600)
  try {
    writeEndpoint(paths.ownerFolder, {
      pid: process.pid,
      socket,
      key,
      kind: given.kind,
      version: given.version,
      vault: paths.vault
    })
  } catch (error) {
    // Nobody would find this socket, and it would keep the process from ending.
    server.close()
    throw error
  }

  let closing: Promise<void> | undefined
  const close = async () => {
    removeEndpoint(paths.ownerFolder, key)
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const end of streams) end()
    await Promise.all(calls)
    const cancel = given.clock.after(closeTimeoutMs, () => server.closeAllConnections())
    await closed
    cancel()
  }
  return { close: () => (closing ??= close()) }
}

/** Compared as digests, so that neither length nor content shows in the time taken. */
function isKey(request: IncomingMessage, key: Secret): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${expose(key)}`))
}

async function answer(core: Core, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += chunk.length
      if (size > maxBodyBytes) return deny(request, response, 413, 'inputInvalid', 'The command is larger than 1 MiB.')
      body.push(chunk)
    }
  } catch {
    return // The client hung up in the middle of its own command: there is nobody to answer.
  }
  let call: { command?: unknown; input?: unknown } | null
  try {
    call = JSON.parse(Buffer.concat(body).toString('utf8'))
  } catch {
    return deny(request, response, 400, 'inputInvalid', 'The command is not JSON.')
  }
  if (typeof call?.command !== 'string')
    return deny(request, response, 400, 'inputInvalid', 'The command has no name. Send {"command": …, "input": …}.')
  const reply = await core.handle('cli', call.command, call.input ?? {})
  await new Promise<void>((resolve) => {
    response.once('close', resolve)
    send(response, 200, reply)
  })
}

function send(response: ServerResponse, status: number, reply: Reply<unknown>): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(reply))
}

/** Refuses and hangs up, so that the rest of an unwanted body is never read. */
function deny(request: IncomingMessage, response: ServerResponse, status: number, code: ErrorCode, message: string) {
  response.once('finish', () => request.destroy())
  send(response, status, { ok: false, code, message })
}
