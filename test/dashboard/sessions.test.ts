// One-time links and the sessions they become: once, for a minute, bounded, and never in a place others can read.
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { linkLifeMs, maxLinks, maxSessions, sessionLifeMs } from '../../app/dashboard/sessions.ts'
import { fakeClock } from '../fakes/clock.ts'
import { ask, makeDashboard, makeFolder } from './dashboard.fixture.ts'

const pathOf = ({ link }: { link: string | null }) => new URL(link!).pathname

describe('a link', () => {
  test('becomes a host-only, HttpOnly, strict session cookie and goes on to the dashboard', async () => {
    const { dashboard, port } = await makeDashboard()
    const link = dashboard.link('text')
    expect(link).toMatchObject({ address: `http://tokentray.localhost:${port}`, file: null })
    expect(link.link).toMatch(new RegExp(`^http://tokentray\\.localhost:${port}/link/[\\w-]{43}$`))
    const { status, headers, body } = await ask(port, pathOf(link))
    expect(status).toBe(200)
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(new RegExp(`^tokentray_${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`))
    ])
    expect(body).toContain('<meta http-equiv="refresh" content="0;url=/">')
    const cookie = headers['set-cookie']![0]!.split(';')[0]!
    expect(cookie).not.toContain(pathOf(link).split('/').at(-1))
    expect(
      (await ask(port, '/', { headers: { cookie: `other=1; ${cookie.replace(/=.*/, '=old')}; ${cookie}` } })).status
    ).toBe(200)
  })
  test('works once', async () => {
    const { dashboard, port } = await makeDashboard()
    const path = pathOf(dashboard.link('text'))
    expect((await ask(port, path)).status).toBe(200)
    const again = await ask(port, path)
    expect([again.status, again.headers['set-cookie']]).toEqual([401, undefined])
    expect(again.body).toContain('tokentray open')
  })
  test('works for a minute', async () => {
    const { dashboard, port, clock } = await makeDashboard()
    const [inTime, late, slept] = [dashboard.link('text'), dashboard.link('text'), dashboard.link('text')]
    await clock.advance(linkLifeMs - 1)
    expect((await ask(port, pathOf(inTime))).status).toBe(200)
    // Asleep, running time stands still and only the wall clock knows.
    clock.jump(1)
    expect((await ask(port, pathOf(slept))).status).toBe(401)
    await clock.advance(1)
    expect((await ask(port, pathOf(late))).status).toBe(401)
  })
  test('is not used up by a look ahead, an embedding, or another method', async () => {
    const { dashboard, port } = await makeDashboard()
    const path = pathOf(dashboard.link('text'))
    const navigate = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    for (const headers of [
      { ...navigate, 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { ...navigate, 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
    ] as Record<string, string>[])
      expect((await ask(port, path, { headers })).status).toBe(403)
    expect((await ask(port, path, { method: 'HEAD' })).status).toBe(405)
    expect((await ask(port, path, { headers: navigate })).status).toBe(200)
  })
  test(`is crowded out by ${maxLinks} newer ones`, async () => {
    const { dashboard, port } = await makeDashboard()
    const [oldest, ...rest] = Array.from({ length: maxLinks + 1 }, () => dashboard.link('text'))
    expect((await ask(port, pathOf(oldest!))).status).toBe(401)
    expect((await ask(port, pathOf(rest[0]!))).status).toBe(200)
  })
})

describe('a redirect file', () => {
  const linkIn = (file: string) => /content="0;url=([^"]+)"/.exec(readFileSync(file, 'utf8'))![1]!

  test('is private, in a private folder, and goes to the link', async () => {
    const { dashboard, port } = await makeDashboard()
    const { file, link } = dashboard.link('file')
    expect(link).toBeNull()
    expect([statSync(file!).mode & 0o777, statSync(dirname(file!)).mode & 0o777]).toEqual([0o600, 0o700])
    expect((await ask(port, new URL(linkIn(file!)).pathname)).status).toBe(200)
  })
  test('is removed when its link was used, ran out, was crowded out, or the dashboard ends', async () => {
    const { dashboard, port, clock, runtime } = await makeDashboard()
    const used = dashboard.link('file').file!
    await ask(port, new URL(linkIn(used)).pathname)
    expect(existsSync(used)).toBe(false)
    const old = dashboard.link('file').file!
    await clock.advance(linkLifeMs - 1)
    expect(existsSync(old)).toBe(true)
    await clock.advance(1)
    expect(existsSync(old)).toBe(false)
    for (let n = 0; n < maxLinks + 3; n++) dashboard.link('file')
    expect(readdirSync(runtime)).toHaveLength(maxLinks)
    await dashboard.close()
    expect(readdirSync(runtime)).toEqual([])
  })
})

test('what a killed owner left is removed at the next start; younger and foreign files stay', async () => {
  const folder = makeFolder()
  const clock = fakeClock()
  const plant = (name: string, age: number) => {
    writeFileSync(join(folder, name), '')
    const at = (clock.now() - age) / 1000
    utimesSync(join(folder, name), at, at)
  }
  plant('open-00ff.html', linkLifeMs + 1000)
  plant('open-11ff.html', linkLifeMs - 1000)
  plant('open-letter.html', linkLifeMs + 1000)
  plant('0123.sock', linkLifeMs + 1000)
  await makeDashboard({ folder, clock })
  expect(readdirSync(folder).sort()).toEqual(['0123.sock', 'open-11ff.html', 'open-letter.html'])
})

describe('a session', () => {
  test('ends after a week', async () => {
    const { port, clock, signIn } = await makeDashboard()
    const headers = { cookie: await signIn() }
    clock.jump(sessionLifeMs - 1)
    expect((await ask(port, '/', { headers })).status).toBe(200)
    clock.jump(1)
    expect((await ask(port, '/', { headers })).status).toBe(401)
  })
  test(`gives way to the newest of more than ${maxSessions}`, async () => {
    const { port, signIn } = await makeDashboard()
    const cookies: string[] = []
    for (let n = 0; n <= maxSessions; n++) cookies.push(await signIn())
    const status = async (cookie: string) => (await ask(port, '/', { headers: { cookie } })).status
    expect([await status(cookies[0]!), await status(cookies[1]!), await status(cookies.at(-1)!)]).toEqual([
      401, 200, 200
    ])
  })
})
