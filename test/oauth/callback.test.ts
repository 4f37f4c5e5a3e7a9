// The callback beside the sign-ins it waits for: responses without a state, and browsers that come when the sign-in is over.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createOAuth } from '../../app/oauth/engine.ts'
import { type FakeServer, startFakeServer } from '../fakes/authorizationServer.ts'
import { freePort } from '../support/freePort.ts'
import { browse, configOf, heldClock, memoryRegistrations, refusal, testNetwork } from './oauth.fixture.ts'

let fake: FakeServer
beforeEach(async () => {
  fake = await startFakeServer()
})
afterEach(() => fake.stop())

function setting() {
  const clock = heldClock()
  const abort = new AbortController()
  const network = testNetwork(clock)
  const oauth = createOAuth({ network, clock, registrations: memoryRegistrations(), lingerUntil: abort.signal })
  const told: string[] = []
  const begin = (more: Parameters<typeof configOf>[1] = {}) =>
    oauth.beginSignIn(configOf(fake.mcp, more), {
      clientSecret: null,
      onStep: () => {},
      signal: new AbortController().signal,
      onStray: (sentence) => told.push(sentence)
    })
  return { clock, told, begin, end: () => abort.abort() }
}
async function page(url: string): Promise<{ status: number; text: string }> {
  const reply = await fetch(url)
  return { status: reply.status, text: await reply.text() }
}
const refusesConnections = (url: string) => expect(fetch(url)).rejects.toThrow()

describe('a response without a state', () => {
  test("is told in the server's words and shown on its page, and not acted on", async () => {
    const { told, begin } = setting()
    const signIn = await begin()
    const said = await page(
      `${signIn.redirectUri}?error=invalid_request&error_description=Choose+a+<b>plan</b>%0a%e2%80%ae`
    )
    expect(said.status).toBe(400)
    expect(said.text).toContain('invalid_request (Choose a &#60;b&#62;plan&#60;/b&#62;??)')
    expect(told).toEqual([expect.stringContaining('It says: invalid_request (Choose a <b>plan</b>??).')])
    expect((await browse(signIn)).text).toContain('Signed in')
    await signIn.grant
  })

  test('is told once every ten seconds at most, and shortened', async () => {
    const { clock, told, begin } = setting()
    const signIn = await begin()
    const stray = () =>
      page(`${signIn.redirectUri}?state=&error=${'e'.repeat(5000)}&error_description=${'d'.repeat(5000)}`)
    for (let i = 0; i < 5; i++) await stray()
    expect(told).toHaveLength(1)
    expect(told[0]?.length).toBeLessThan(700)
    clock.advance(10_000)
    await stray()
    expect(told).toHaveLength(2)
    signIn.cancel()
    await refusal(signIn.grant, 'signInCancelled')
  })

  test('with a code is told without the code; with an unknown state, or with neither, nobody is told', async () => {
    const { clock, told, begin } = setting()
    const signIn = await begin()
    await page(`${signIn.redirectUri}?code=s3cr3t-code`)
    expect(told).toEqual([expect.stringContaining('It brings a code.')])
    expect(told[0]).not.toContain('s3cr3t')
    clock.advance(60_000)
    for (const query of ['', '?x=1', '?state=old&error=x', '?state=old&code=y']) {
      const said = await page(`${signIn.redirectUri}${query}`)
      expect(said.text).toContain('Tokentray is not waiting for this sign-in')
    }
    expect(told).toHaveLength(1)
    signIn.cancel()
    await signIn.grant.catch(() => {})
  })

  test('reaches each sign-in that waits at the port', async () => {
    const { told, begin } = setting()
    const [one, two] = [await begin(), await begin({ id: 'two' })]
    expect(one.redirectUri).toBe(two.redirectUri)
    await page(`${one.redirectUri}?error=x`)
    expect(told).toHaveLength(2)
    for (const each of [one, two]) {
      each.cancel()
      await each.grant.catch(() => {})
    }
  })
})

describe('a browser that comes late', () => {
  test('reads that the sign-in is over and how to start again, for an hour; what it brings is not shown', async () => {
    const { clock, told, begin } = setting()
    const signIn = await begin()
    const url = `${signIn.redirectUri}?state=${new URL(signIn.url ?? '').searchParams.get('state')}&code=late-code`
    signIn.cancel()
    await signIn.grant.catch(() => {})
    for (const late of [url, `${signIn.redirectUri}?error=late-code`]) {
      const said = await page(late)
      expect(said).toEqual({ status: 410, text: expect.stringContaining('This sign-in is over') })
      expect(said.text).toContain('tokentray login')
      expect(said.text).not.toContain('late-code')
    }
    expect([fake.to('/token'), told]).toEqual([[], []])
    clock.advance(3_599_000)
    expect((await page(url)).status).toBe(410)
    clock.advance(1000)
    await refusesConnections(url)
  })

  test('another sign-in takes the port back, on this host or the other one', async () => {
    const { begin } = setting()
    const signIn = await begin()
    await browse(signIn)
    await signIn.grant
    const port = Number(new URL(signIn.redirectUri ?? '').port)
    expect((await page(signIn.redirectUri ?? '')).status).toBe(410)
    const again = await begin()
    expect(again.redirectUri).toBe(signIn.redirectUri)
    expect((await browse(again)).text).toContain('Signed in')
    await again.grant
    const elsewhere = await begin({ redirectHost: 'localhost', redirectPort: port })
    expect(elsewhere.redirectUri).toBe(`http://localhost:${port}/callback`)
    expect((await browse(elsewhere)).text).toContain('Signed in')
    await elsewhere.grant
    // A person chose this port, perhaps for a program that wants it next.
    await refusesConnections(elsewhere.redirectUri ?? '')
  })

  test('finds nothing where the owner has ended, at a chosen port, or before the eight newest', async () => {
    const { begin, end } = setting()
    const over = async (more: Parameters<typeof configOf>[1] = {}) => {
      const signIn = await begin(more)
      signIn.cancel()
      await signIn.grant.catch(() => {})
      return signIn.redirectUri ?? ''
    }
    await refusesConnections(await over({ redirectPort: await freePort() }))
    const all: string[] = []
    for (let i = 0; i < 9; i++) all.push(await over({ clientId: 'mine' }))
    await refusesConnections(all[0]!)
    for (const url of all.slice(1)) expect((await page(url)).status).toBe(410)
    end()
    for (const url of all) await refusesConnections(url)
    await refusesConnections(await over())
  })
})
