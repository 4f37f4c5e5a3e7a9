// The gateway behind a real nginx, with the very configuration that docs/gateway.md gives: TLS, the public names, streams.
// Debian's nginx and openssl are needed; without them this is skipped, and build/test.mjs says so.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test as plainTest } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { startGateway } from '../../app/gateway/gateway.ts'
import { createSetting } from '../core.fixture.ts'
import { freePort } from '../support/freePort.ts'
import { key, startSetting } from './gateway.fixture.ts'

const publicUrl = 'https://gate.example'
// Debian keeps nginx in /usr/sbin, which is not on an ordinary user's PATH.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }
const isHere = (command: string, argument: string) => spawnSync(command, [argument], { env }).status === 0
const canRun = isHere('nginx', '-v') && isHere('openssl', 'version')
if (!canRun) console.log('Skipped: nginx or openssl is not installed (apt-get install nginx openssl).')
const test = plainTest.skipIf(!canRun)

type Nginx = { ask(path: string, headers?: Record<string, string>): Promise<IncomingMessage> }

async function startNginx(gatewayPort: number): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-nginx-'))
  const run = (command: string, ...args: string[]) => {
    const { status, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env })
    if (status !== 0) throw new Error(`${command}: ${stderr}`)
  }
  run(
    'openssl',
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out cert.pem'.split(' '),
    ...['-subj', '/CN=gate.example', '-addext', 'subjectAltName=DNS:gate.example']
  )
  const port = await freePort()
  const guide = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'gateway.md'), 'utf8')
  const server = /```nginx\n(.*?)```/s
    .exec(guide)![1]!
    .replace('listen 443', `listen 127.0.0.1:${port}`)
    .replace('127.0.0.1:4140', `127.0.0.1:${gatewayPort}`)
    .replace('/etc/ssl/gate.example.pem', `${folder}/cert.pem`)
    .replace('/etc/ssl/gate.example.key', `${folder}/key.pem`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`
  )
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${user} pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1; events {}
    http { access_log off; ${temporary.join(' ')} ${server} }`
  )
  // It comes back when it listens.
  run('nginx', '-p', folder, '-c', join(folder, 'nginx.conf'))
  onTestFinished(async () => {
    run('nginx', '-p', folder, '-c', join(folder, 'nginx.conf'), '-s', 'stop')
    // It ends by itself after the command came back; its pid file is the last that it removes.
    await expect.poll(() => existsSync(join(folder, 'pid'))).toBe(false)
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    async ask(path, headers = {}) {
      const request = httpsRequest({
        host: '127.0.0.1',
        port,
        path,
        servername: 'gate.example',
        ca: readFileSync(join(folder, 'cert.pem')),
        agent: false,
        headers: { host: 'gate.example', ...headers }
      })
      request.end()
      return (await once(request, 'response'))[0] as IncomingMessage
    }
  }
}

async function json(response: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}

test('issuer, resource and challenge bear the public name, and a key made for it lets in', async () => {
  const s = await createSetting()
  onTestFinished(() => s.stop())
  await s.signIn()
  const gateway = await startGateway({ ...s.core.gateway, clock: systemClock(), port: 0, publicUrl })
  onTestFinished(() => gateway.close())
  const nginx = await startNginx(gateway.port)
  const refused = await nginx.ask('/one')
  const metadata = `${publicUrl}/.well-known/oauth-protected-resource/one`
  expect([refused.statusCode, refused.headers['www-authenticate']]).toEqual([
    401,
    `Bearer resource_metadata="${metadata}"`
  ])
  expect(await json(await nginx.ask(new URL(metadata).pathname))).toMatchObject({
    resource: `${publicUrl}/one`,
    authorization_servers: [publicUrl]
  })
  expect(await json(await nginx.ask('/.well-known/oauth-authorization-server'))).toMatchObject({
    issuer: publicUrl,
    authorization_endpoint: `${publicUrl}/authorize`,
    token_endpoint: `${publicUrl}/token`
  })
  const { key: ownKey } = await s.call('clients.addKey', { name: 'here', servers: ['one'] })
  expect((await nginx.ask('/one', { 'x-tokentray-key': ownKey })).statusCode).toBe(403)
  const { key: localKey } = await s.call('clients.addKey', { name: 'web', servers: ['one'], public: true })
  // The demo server takes POST only: its own 405 is what came through.
  expect((await nginx.ask('/one', { 'x-tokentray-key': localKey })).statusCode).toBe(405)
  expect((await nginx.ask('/one', { 'x-tokentray-key': localKey, origin: 'https://evil.example' })).statusCode).toBe(
    403
  )
})

test('events pass one by one, and a client that leaves ends its request at the server', async () => {
  const written = Promise.withResolvers<ServerResponse>()
  const ended = Promise.withResolvers<void>()
  const s = await startSetting(
    (_, response) => {
      response.on('close', ended.resolve)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      written.resolve(response)
    },
    { publicUrl }
  )
  onTestFinished(() => s.stop())
  const nginx = await startNginx(s.gateway.port)
  const response = await nginx.ask('/one', { 'x-tokentray-key': key, 'x-forwarded-host': 'evil.example' })
  const upstream = await written.promise
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    upstream.write(event)
    expect(String((await once(response, 'data'))[0])).toBe(event)
  }
  response.on('error', () => {})
  response.destroy()
  await ended.promise
})
