// FM-25: planted secrets go through the whole product, and are then looked for in every output and every file.
// Only the stdout of `tokentray token` may hold one: that is what it is for.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startFakeServer } from '../fakes/authorizationServer.ts'
import { freePort } from '../support/freePort.ts'
import { makeHome, type Result } from './harness.ts'

const marker = 'CANARYd41d8cd98f00b204'
const planted = (what: string) => `${marker}-${what}`
const echo = ['access', 'refresh', 'secret', 'code'].map(planted).join(' ')

/** The marker as it may be disguised: base64 at each of its three alignments, hex in both cases, percent-encoded. */
const disguises = [
  marker,
  ...[0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(marker)])
    // The first and last letters also depend on the neighbours.
    const inner = bytes
      .toString('base64')
      .replace(/=+$/, '')
      .slice(shift === 0 ? 0 : 4, -4)
    return [inner, Buffer.from(inner, 'base64').toString('base64url')]
  }),
  Buffer.from(marker).toString('hex'),
  Buffer.from(marker).toString('hex').toUpperCase(),
  [...Buffer.from(marker)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
]

const leaks = (text: string) => disguises.filter((disguise) => text.includes(disguise))

test('the search finds a marker however it is written', () => {
  for (const lead of ['', 'x', 'xy'])
    for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const)
      expect(leaks(Buffer.from(`${lead}${planted('access')} and more`).toString(encoding))).not.toEqual([])
  expect(leaks('nothing here')).toEqual([])
})

test('FM-25 no planted token appears in any output or file, through success, failure, sign-out and removal', async () => {
  const fake = await startFakeServer()
  onTestFinished(() => fake.stop())
  const home = await makeHome({ isSlow: true, settings: { logLevel: 'debug', schedule: { floor: 1000 } } })
  home.env.TOKENTRAY_PASSPHRASE = planted('passphrase')
  home.env.TOKENTRAY_DEBUG = '1'
  let issued = 0
  const token = () => ({
    body: {
      access_token: `${planted('access')}-${++issued}`,
      refresh_token: `${planted('refresh')}-${issued}`,
      token_type: 'Bearer',
      expires_in: 3600
    }
  })
  const refuse = (status: number, error: string) => ({ status, body: { error, error_description: echo } })
  fake.script('/register', ({ body }) => ({
    status: 201,
    body: {
      ...JSON.parse(body),
      client_id: 'the-client',
      client_secret: planted('secret'),
      token_endpoint_auth_method: 'client_secret_post'
    }
  }))
  fake.script('/authorize', ({ form }) => {
    const query = new URLSearchParams({ code: planted('code'), state: form.get('state') ?? '' })
    return { status: 302, headers: { location: `${form.get('redirect_uri')}?${query}` } }
  })
  fake.script('/revoke', refuse(400, 'unsupported_token_type'))
  const outputs: [string, string][] = []
  const run = async (...args: string[]): Promise<Result> => {
    const result = await home.tokentray(args)
    outputs.push([args.join(' '), args[0] === 'token' ? result.err : result.out + result.err])
    return result
  }

  fake.script('/token', token)
  expect(await run('add', fake.mcp, '--id', 'bot')).toMatchObject({ code: 0 })
  expect((await run('token', 'bot')).out).toBe(`${planted('access')}-1\n`)
  const serving = home.start([
    'serve',
    '--gateway-port',
    `${await freePort()}`,
    '--dashboard-port',
    `${await freePort()}`
  ])
  await serving.line(/is running/)
  expect(await run('refresh', 'bot')).toMatchObject({ code: 0 })
  for (const reply of [
    refuse(401, 'invalid_client'),
    refuse(400, 'invalid_target'),
    { status: 503, headers: { 'retry-after': '0' }, body: echo },
    { body: `<html>${echo}` },
    { body: { access_token: planted('access'), error: planted('refresh') } },
    refuse(400, 'invalid_grant')
  ]) {
    fake.script('/token', reply)
    expect((await run('refresh', 'bot')).code).not.toBe(0)
  }
  for (const args of [
    ['status'],
    ['status', 'bot'],
    ['status', '--json'],
    ['list', '--json'],
    ['history', 'bot'],
    ['history', 'bot', '--json'],
    ['metrics'],
    ['doctor', '--json'],
    ['vault', 'check'],
    ['add', fake.mcp, `--token=${planted('access')}`]
  ])
    await run(...args)
  fake.script('/token', token)
  expect(await run('login', 'bot')).toMatchObject({ code: 0 })
  expect(await run('logout', 'bot')).toMatchObject({ code: 0 })
  expect(await run('remove', 'bot', '--yes')).toMatchObject({ code: 0 })

  // Killed, so that what the database leaves behind is looked at too.
  serving.kill('SIGKILL')
  const { out, err } = await serving.ended
  outputs.push(['serve', out + err])
  for (const [what, text] of outputs) expect({ what, leaks: leaks(text) }).toEqual({ what, leaks: [] })

  const files = readdirSync(home.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const names = files.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['vault.db', 'vault.db-wal', 'vault.db.json', 'tokentray.log']))
  for (const { name, parentPath } of files) {
    expect({ name, leaks: leaks(readFileSync(join(parentPath, name), 'latin1')) }).toEqual({ name, leaks: [] })
  }
  expect(
    fake
      .to('/token')
      .map(({ body }) => body)
      .join()
  ).toContain(planted('refresh'))
})
