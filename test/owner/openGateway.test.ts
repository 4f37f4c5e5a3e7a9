// The gateway's port and life: chosen once, kept, never changed silently; and what is told where it cannot be opened.
// Real sockets; the core behind it is a stand-in whose vault is not open.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import type { PortHolder } from '../../app/net/portHolder.ts'
import { type GatewayChoice, openGateway, parsePublicUrl } from '../../app/owner/openGateway.ts'
import { ask } from '../gateway/gateway.fixture.ts'
import { freePort } from '../support/freePort.ts'
import { isSkipped } from '../support/skipped.ts'
import { type FakeCore, makeCore } from './fakeCore.ts'

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentray-gateway-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(folder, { recursive: true })
  return folder
}
async function takePort(): Promise<{ port: number; free(): Promise<void> }> {
  const port = await freePort()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const free = () => new Promise<void>((resolve) => server.close(() => resolve()))
  onTestFinished(free)
  return { port, free }
}
const kept = (folder: string) => JSON.parse(readFileSync(join(folder, 'gateway.json'), 'utf8'))
type Given = { core?: FakeCore; holderOf?: (port: number) => PortHolder | null }
async function open(choice: GatewayChoice, folder = makeFolder(), { core = makeCore(), ...more }: Given = {}) {
  const gateway = await openGateway(core, { folder, clock: systemClock(), choice, ...more })
  onTestFinished(() => gateway.close())
  return { core, gateway, folder, view: () => core.snapshot().gateway }
}

test('the port chosen once is kept and told', async () => {
  const port = await freePort()
  const { gateway, folder, view } = await open({ gatewayPort: port })
  const address = `http://127.0.0.1:${port}`
  expect(view()).toEqual({ address, port, publicUrl: null, problem: null })
  expect((await ask({ gateway: { port } }, '/health')).status).toBe(200)
  expect(kept(folder)).toEqual({ port })
  await gateway.close()
  expect((await open({}, folder)).view()?.address).toBe(address)
})

test('both loopback addresses answer where there are both', async () => {
  const port = await freePort()
  await open({ gatewayPort: port })
  const reply = await ask({ gateway: { port } }, '/health', { host: '::1' }).catch((error) => error.code)
  expect(reply).toSatisfy(
    (it: unknown) => it === 'EADDRNOTAVAIL' || it === 'ENETUNREACH' || (it as { status: number }).status === 200
  )
})

test('a port that is taken is told, never changed, and nothing else ends', async () => {
  const { port } = await takePort()
  const folder = makeFolder()
  writeFileSync(join(folder, 'gateway.json'), JSON.stringify({ port }))
  const { gateway, view } = await open({}, folder)
  expect(gateway.address).toBeNull()
  expect(gateway.problem).toMatch(new RegExp(`^Port ${port} for the gateway is in use .*--gateway-port`))
  expect(view()).toEqual({ address: null, port, publicUrl: null, problem: gateway.problem })
  expect(kept(folder)).toEqual({ port })
})

describe('a port that another user may hold', () => {
  const own = process.getuid?.() ?? -1
  const held = { uid: own + 1, pid: 7, name: 'squatter' }
  const client = { id: 'k', name: 'Cursor: one' }
  function makeClients(clients: object[], locked = false) {
    const core = makeCore()
    core.on('clients.list', () => ({ clients, pending: [], locked, refused: [] }))
    core.on('gateway.lock', () => ({ locked: true }))
    return core
  }
  const locks = (core: FakeCore) => core.calls.filter(({ name }) => name === 'gateway.lock').length

  test.each([
    ['of another user', held],
    ['of root, who may listen for a container', { ...held, uid: own === 0 ? 1 : 0 }],
    ['of nobody knows whom', null]
  ])('%s: the gateway is locked until a person says otherwise', async (_, holder) => {
    const { port } = await takePort()
    const core = makeClients([client])
    const { gateway } = await open({ gatewayPort: port }, makeFolder(), { core, holderOf: () => holder })
    expect(gateway.problem).toMatch(/the gateway is locked.*tokentray connect --rotate, and run tokentray unlock\.$/)
    await expect.poll(() => locks(core)).toBe(1)
  })

  test.skipIf(isSkipped(own < 0, 'no uids on Windows'))('of this user, it is only told', async () => {
    const { port } = await takePort()
    const core = makeClients([client])
    const { gateway } = await open({ gatewayPort: port }, makeFolder(), {
      core,
      holderOf: () => ({ ...held, uid: own })
    })
    expect(gateway.problem).not.toContain('locked')
    expect(core.calls).toEqual([])
  })

  test.each([
    ['nobody has a key yet', [], false],
    ['it is locked already', [client], true]
  ])('where %s, nothing is locked', async (_, clients, locked) => {
    const { port } = await takePort()
    const core = makeClients(clients, locked)
    await open({ gatewayPort: port }, makeFolder(), { core, holderOf: () => held })
    await expect.poll(() => core.calls.map(({ name }) => name)).toEqual(['clients.list'])
    expect(locks(core)).toBe(0)
  })
})

test('a kept port that cannot be read is told, and left as it is', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'gateway.json'), '{')
  expect((await open({}, folder)).gateway.problem).toContain('gateway.json could not be read')
})

test('a port that cannot be kept is told, and is free again', async () => {
  const folder = makeFolder()
  mkdirSync(join(folder, 'gateway.json'))
  const port = await freePort()
  const { gateway, view } = await open({ gatewayPort: port }, folder)
  expect(gateway.problem).toMatch(/gateway\.json could not be written: it is a folder \(EISDIR\)/)
  expect(view()).toMatchObject({ address: null, problem: gateway.problem })
  rmSync(join(folder, 'gateway.json'), { recursive: true })
  expect((await open({ gatewayPort: port }, folder)).gateway.problem).toBeNull()
})

test('--no-gateway opens none and shows none', async () => {
  const { gateway, view } = await open({ gateway: false })
  expect([gateway.address, gateway.problem, view()]).toEqual([null, null, null])
})

test('while the vault is not open every request is answered with the reason, as 503', async () => {
  const port = await freePort()
  await open({ gatewayPort: port })
  for (const path of ['/one', '/authorize']) {
    const reply = await ask({ gateway: { port } }, path)
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '30'])
    expect(JSON.parse(reply.text).error.message).toBe('There is no vault here.')
  }
})

describe('the public URL', () => {
  test('is an https origin and nothing more', () => {
    expect(parsePublicUrl('https://Gate.example:8443/')).toBe('https://gate.example:8443')
    for (const wrong of [
      'http://gate.example',
      'https://gate.example/path',
      'https://u@gate.example',
      'gate.example',
      ''
    ])
      expect(() => parsePublicUrl(wrong)).toThrow(/https:\/\//)
  })

  test('admits its own Host and Origin, and believes nothing a proxy adds', async () => {
    const { port, free } = await takePort()
    await free()
    await open({ gatewayPort: port, publicUrl: 'https://gate.example' })
    const from = (headers: Record<string, string>) => ask({ gateway: { port } }, '/health', { headers })
    expect((await from({ host: 'gate.example' })).status).toBe(200)
    expect((await from({ host: 'gate.example', origin: 'https://gate.example' })).status).toBe(200)
    expect((await from({ host: 'gate.example', origin: `http://127.0.0.1:${port}` })).status).toBe(403)
    expect((await from({ host: 'evil.example', 'x-forwarded-host': 'gate.example' })).status).toBe(421)
  })
})
