// One-time links and the sessions they become: once, for a minute, bounded, and never in a place others can read.
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Dashboard } from '../../app/dashboard/dashboard.ts'
import { linkLifeMs, maxLinks, maxSessions, sessionLifeMs } from '../../app/dashboard/sessions.ts'
import { fakeClock } from '../fakes/clock.ts'
import { ask, command, enter, makeDashboard, makeFolder } from './dashboard.fixture.ts'

const textLink = (dashboard: Dashboard) => dashboard.link({ as: 'text' }).link!

describe('a link', () => {
  test('becomes a secret and a proof for the pages of its origin, without a cookie', async () => {
    const { dashboard, port } = await makeDashboard()
    const made = dashboard.link({ as: 'text' })
    // The address that is told is not where the pages are.
    expect(made).toMatchObject({ address: `http://tokentray.localhost:${port}`, file: null })
    expect(made.link).toMatch(new RegExp(`^http://[0-9a-v]{26}\\.localhost:${port}/#link/[\\w-]{43}$`))
    const { status, headers, body } = await enter(port, made.link!)
    const session = JSON.parse(body).value
    expect([status, headers['set-cookie'], session]).toEqual([
      200,
      undefined,
      {
        secret: expect.stringMatching(/^[\w-]{43}$/),
        proof: expect.stringMatching(/^[\w-]{43}$/),
        command: 'tokentray open'
      }
    ])
    const { host, origin } = new URL(made.link!)
    const sent = { host, origin, 'tokentray-session': session.secret }
    // The proof goes one way only: what a page sends does not tell it.
    expect((await command(port, sent, 'snapshot')).headers['tokentray-proof']).toBe(session.proof)
    expect((await command(port, { ...sent, 'tokentray-session': session.proof }, 'snapshot')).status).toBe(401)
  })
  test('works once', async () => {
    const { dashboard, port } = await makeDashboard()
    const link = textLink(dashboard)
    expect((await enter(port, link)).status).toBe(200)
    const again = await enter(port, link)
    expect([again.status, JSON.parse(again.body).code]).toEqual([401, 'sessionNeeded'])
  })
  test('works for a minute', async () => {
    const { dashboard, port, clock } = await makeDashboard()
    const [inTime, late, slept] = [textLink(dashboard), textLink(dashboard), textLink(dashboard)]
    await clock.advance(linkLifeMs - 1)
    expect((await enter(port, inTime)).status).toBe(200)
    // Asleep, running time stands still and only the wall clock knows.
    clock.jump(1)
    expect((await enter(port, slept)).status).toBe(401)
    await clock.advance(1)
    expect((await enter(port, late)).status).toBe(401)
  })
  test('is good at its own host alone, and used up at any other', async () => {
    const { dashboard, port } = await makeDashboard()
    const toName = textLink(dashboard)
    const elsewhere = toName.replace(/[0-9a-v]{26}\.localhost/, '127.0.0.1')
    expect((await enter(port, elsewhere)).status).toBe(421)
    dashboard.link({ as: 'text', to: 'address' })
    expect((await enter(port, elsewhere)).status).toBe(401)
    expect((await enter(port, toName)).status).toBe(401)
  })
  test('is not used up by looking at its page, nor by another page', async () => {
    const { dashboard, port, own } = await makeDashboard()
    const link = textLink(dashboard)
    expect((await ask(port, '/', { headers: { ...own, 'sec-purpose': 'prefetch;prerender' } })).status).toBe(200)
    expect((await enter(port, link, { origin: 'http://evil.localhost:1' })).status).toBe(403)
    expect((await enter(port, link, { 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect((await enter(port, link, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await enter(port, link)).status).toBe(200)
  })
  test(`is crowded out by ${maxLinks} newer ones`, async () => {
    const { dashboard, port } = await makeDashboard()
    const [oldest, ...rest] = Array.from({ length: maxLinks + 1 }, () => textLink(dashboard))
    expect((await enter(port, oldest!)).status).toBe(401)
    expect((await enter(port, rest[0]!)).status).toBe(200)
  })
})

describe('a redirect file', () => {
  const linkIn = (file: string) => /content="0;url=([^"]+)"/.exec(readFileSync(file, 'utf8'))![1]!

  test('is private, in a private folder, and goes to the link', async () => {
    const { dashboard, port } = await makeDashboard()
    const { file, link } = dashboard.link({ as: 'file' })
    expect(link).toBeNull()
    expect([statSync(file!).mode & 0o777, statSync(dirname(file!)).mode & 0o777]).toEqual([0o600, 0o700])
    expect((await enter(port, linkIn(file!))).status).toBe(200)
  })
  test('is removed when its link was used, ran out, was crowded out, or the dashboard ends', async () => {
    const { dashboard, port, clock, runtime } = await makeDashboard()
    const used = dashboard.link({ as: 'file' }).file!
    await enter(port, linkIn(used))
    expect(existsSync(used)).toBe(false)
    const old = dashboard.link({ as: 'file' }).file!
    await clock.advance(linkLifeMs - 1)
    expect(existsSync(old)).toBe(true)
    await clock.advance(1)
    expect(existsSync(old)).toBe(false)
    for (let n = 0; n < maxLinks + 3; n++) dashboard.link({ as: 'file' })
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
    const session = await signIn()
    clock.jump(sessionLifeMs - 1)
    expect((await command(port, session, 'snapshot')).status).toBe(200)
    clock.jump(1)
    expect((await command(port, session, 'snapshot')).status).toBe(401)
  })
  test(`gives way to the newest of more than ${maxSessions}`, async () => {
    const { port, signIn } = await makeDashboard()
    const sessions: Record<string, string>[] = []
    for (let n = 0; n <= maxSessions; n++) sessions.push(await signIn())
    const status = async (session: Record<string, string>) => (await command(port, session, 'snapshot')).status
    expect([await status(sessions[0]!), await status(sessions[1]!), await status(sessions.at(-1)!)]).toEqual([
      401, 200, 200
    ])
  })
})
