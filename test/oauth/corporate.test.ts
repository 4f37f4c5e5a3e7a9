// A company's network, for real: a TLS server with the company's own authority, a proxy that wants a password, mutual TLS.
// openssl makes the certificates; where it is missing these tests are skipped with a line that says so.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createProxy, type IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createSendRequest, NetworkFault } from '../../app/net/request.ts'
import { ask, startSetting } from '../gateway/gateway.fixture.ts'
import { heldClock } from './oauth.fixture.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.log('skipped: the tests of company networks need openssl')

const folder = mkdtempSync(join(tmpdir(), 'tokentray-corporate-'))
const at = (name: string) => join(folder, name)
const clock = heldClock()
const closers: Server[] = []

function makeCertificate(name: string, extension: string): void {
  const request = [
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    at(`${name}.key`)
  ]
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe' })
  if (name === 'authority') {
    openssl(...request, '-x509', '-days', '2', '-subj', '/CN=Company', '-out', at('authority.pem'))
    return
  }
  openssl(...request, '-subj', `/CN=${name}`, '-out', at(`${name}.csr`))
  writeFileSync(at(`${name}.ext`), extension)
  const signed = ['-CA', at('authority.pem'), '-CAkey', at('authority.key'), '-CAcreateserial', '-days', '2']
  openssl('x509', '-req', '-in', at(`${name}.csr`), ...signed, '-extfile', at(`${name}.ext`), '-out', at(`${name}.pem`))
}

async function listen(server: Server): Promise<number> {
  closers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

let upstream = 0
let guarded = 0
let proxy = 0
const tunnels: string[] = []

/** A proxy that resolves every name to this machine; it refuses whoever has no password. */
function makeProxy() {
  const server = createProxy((_request, response) => response.writeHead(405).end())
  server.on('connect', (request: IncomingMessage, socket, head: Buffer) => {
    tunnels.push(request.url ?? '')
    const pass = `Basic ${Buffer.from('me:secret').toString('base64')}`
    if (request.headers['proxy-authorization'] !== pass)
      return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    const onward = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.write(head)
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  return server
}

beforeAll(async () => {
  if (!hasOpenssl) return
  makeCertificate('authority', '')
  makeCertificate('server', 'subjectAltName=DNS:mcp.corp.test,DNS:localhost')
  makeCertificate('person', 'extendedKeyUsage=clientAuth')
  makeCertificate('other', 'extendedKeyUsage=serverAuth')
  const [key, cert, ca] = ['server.key', 'server.pem', 'authority.pem'].map((name) => readFileSync(at(name)))
  upstream = await listen(createServer({ key, cert }, (_request, response) => response.end('{"ok":true}')))
  guarded = await listen(
    createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      const { subject } = (request.socket as tls.TLSSocket).getPeerCertificate()
      response.end(JSON.stringify({ person: subject.CN, tags: request.headers['x-tag'] }))
    })
  )
  proxy = await listen(makeProxy())
})
afterAll(() => {
  for (const server of closers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

const networkThrough = (way: string | null) => {
  const network = createSendRequest({ clock, userAgent: 'test', resolveProxy: async () => way })
  // The system's own are added at the first connection, once.
  tls.setDefaultCACertificates([...tls.getCACertificates('bundled'), readFileSync(at('authority.pem'), 'utf8')])
  return network
}
const faultOf = async (reply: Promise<Response>) => {
  const error = await reply.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(NetworkFault)
  const { fault, detail } = error as NetworkFault
  return { fault, detail }
}

describe.skipIf(!hasOpenssl)('the proxy', () => {
  test('carries the request to a name that only it knows', async () => {
    tunnels.length = 0
    const network = networkThrough(`http://me:secret@127.0.0.1:${proxy}`)
    const reply = await network(`https://mcp.corp.test:${upstream}/mcp`, { reach: 'public' })
    expect(await reply.json()).toEqual({ ok: true })
    expect(tunnels).toEqual([`mcp.corp.test:${upstream}`])
  })

  test('FM-05 that rejects the connection or is not there: nothing was sent, so nothing can be lost', async () => {
    const url = `https://mcp.corp.test:${upstream}/token`
    expect(await faultOf(networkThrough(`http://me:wrong@127.0.0.1:${proxy}`)(url))).toMatchObject({ fault: 'offline' })
    expect(await faultOf(networkThrough('http://127.0.0.1:1')(url))).toMatchObject({ fault: 'offline' })
    expect(await faultOf(networkThrough('socks5://127.0.0.1:1')(url))).toMatchObject({ fault: 'offline' })
  })

  test('is not asked to carry us to private addresses that untrusted metadata names', async () => {
    tunnels.length = 0
    const network = networkThrough(`http://me:secret@127.0.0.1:${proxy}`)
    expect(await faultOf(network('https://10.0.0.7/token', { reach: 'public' }))).toEqual({
      fault: 'misconfigured',
      detail: 'private_address'
    })
    expect(tunnels).toEqual([])
  })
})

describe.skipIf(!hasOpenssl)('the client certificate', () => {
  test('is shown to a server that asks for one, through the proxy too', async () => {
    const certificate = { certificateFile: at('person.pem'), keyFile: at('person.key') }
    const direct = networkThrough(null)
    expect(await (await direct(`https://localhost:${guarded}/`, { certificate })).json()).toEqual({ person: 'person' })
    const behind = networkThrough(`http://me:secret@127.0.0.1:${proxy}`)
    const reply = await behind(`https://mcp.corp.test:${guarded}/`, { certificate })
    expect(await reply.json()).toEqual({ person: 'person' })
    await expect(direct(`https://localhost:${guarded}/`)).rejects.toBeInstanceOf(NetworkFault)
  })

  test('that cannot be read, or is none, is a matter of settings, and nobody was asked', async () => {
    const network = networkThrough(null)
    const unreadable = { fault: 'misconfigured', detail: 'client_certificate_unreadable' }
    const missing = { certificateFile: at('person.pem'), keyFile: at('nothing.key') }
    expect(await faultOf(network(`https://localhost:${guarded}/`, { certificate: missing }))).toEqual(unreadable)
    writeFileSync(at('text.pem'), 'no PEM')
    const wrong = { certificateFile: at('text.pem'), keyFile: at('person.key') }
    expect(await faultOf(network(`https://localhost:${guarded}/`, { certificate: wrong }))).toEqual(unreadable)
  })
})

describe.skipIf(!hasOpenssl)('the gateway', () => {
  const start = async (password: string, certificate: { certificateFile: string; keyFile: string }) => {
    const gateway = await startSetting(() => {}, {
      upstream: { url: `https://mcp.corp.test:${guarded}/`, certificate },
      resolveProxy: async () => `http://me:${password}@127.0.0.1:${proxy}`
    })
    networkThrough(null)
    onTestFinished(() => gateway.stop())
    return gateway
  }

  test('goes the same way: through the proxy, by the company’s authority, with the server’s certificate', async () => {
    const gateway = await start('secret', { certificateFile: at('person.pem'), keyFile: at('person.key') })
    const reply = await ask(gateway, '/one', { headers: { accept: ['a/b', 'c/d'], 'x-tag': ['1', '2'] } })
    expect(JSON.parse(reply.text)).toEqual({ person: 'person', tags: '1, 2' })
  })

  test('says what is wrong with the proxy, and with the certificate, and uses a new one at once', async () => {
    const person = { certificateFile: at('person.pem'), keyFile: at('person.key') }
    const refused = await ask(await start('wrong', person), '/one')
    expect([refused.status, JSON.parse(refused.text).error.data.code]).toEqual([502, 'serverUnreachable'])
    const certificate = { certificateFile: at('mine.pem'), keyFile: at('mine.key') }
    const gateway = await start('secret', certificate)
    const missing = await ask(gateway, '/one', { method: 'POST', body: '{}' })
    expect([missing.status, JSON.parse(missing.text).error.message]).toEqual([
      503,
      expect.stringContaining('client certificate')
    ])
    const put = (name: string) => {
      for (const end of ['pem', 'key']) copyFileSync(at(`${name}.${end}`), at(`mine.${end}`))
    }
    // Nobody's certificate for a client: refused once the connection stands.
    put('other')
    expect((await ask(gateway, '/one', { method: 'POST', body: '{}' })).status).toBe(502)
    put('person')
    expect((await ask(gateway, '/one', { method: 'POST', body: '{}' })).status).toBe(200)
  })
})

describe.skipIf(!hasOpenssl)('the authority', () => {
  test('that the system trusts is trusted, and one that nobody trusts is not', async () => {
    const source = `
      import { createSendRequest } from ${JSON.stringify(join(import.meta.dirname, '../../app/net/request.ts'))}
      import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../app/base/clock.ts'))}
      const network = createSendRequest({ clock: systemClock(), userAgent: 'test' })
      const reply = await network('https://localhost:${upstream}/').then((it) => it.text(), (fault) => fault.detail)
      process.stdout.write(reply)`
    const ask = async (env: Record<string, string>) => {
      const words = ['--input-type=module', '-e', source]
      const { stdout } = await promisify(execFile)(process.execPath, words, { env: { ...process.env, ...env } })
      return stdout
    }
    expect(await ask({})).toMatch(/UNABLE_TO_|SELF_SIGNED/)
    // Where OpenSSL on Linux looks for the system's own store.
    if (process.platform === 'linux') expect(await ask({ SSL_CERT_FILE: at('authority.pem') })).toBe('{"ok":true}')
  })
})
