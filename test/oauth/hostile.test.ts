// Every cell of the hostile matrix on a real server: each step of a token's life against each way its reply goes wrong.
// The table is hostile.ts; what no cell may ever do is checked for all of them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TokentrayError } from '../../app/contract/errors.ts'
import { type FakeServer, metadataOf, startFakeServer } from '../fakes/authorizationServer.ts'
import { answers, expected, faults, type StepName, steps } from './hostile.ts'
import { begin, browse, configOf, grantOf, never, setUp } from './oauth.fixture.ts'

let server: FakeServer
let stranger: FakeServer
beforeEach(async () => {
  server = await startFakeServer()
  stranger = await startFakeServer()
})
afterEach(() => Promise.all([server.stop(), stranger.stop()]))

type Setting = ReturnType<typeof setUp>

/** What the server would have answered at this step. */
function soundReply(step: StepName, body: string): { status: number; body: unknown } {
  switch (step) {
    case 'challenge':
      return { status: 401, body: { error: 'unauthorized' } }
    case 'resourceMetadata':
      return { status: 200, body: { resource: server.mcp, authorization_servers: [server.origin] } }
    case 'serverMetadata':
      return { status: 200, body: metadataOf(server.origin) }
    case 'registration':
      return { status: 201, body: { ...JSON.parse(body), client_id: 'client-x' } }
    case 'revocation':
      return { status: 200, body: {} }
    default:
      return {
        status: 200,
        body: { access_token: 'SECRET-a', token_type: 'Bearer', expires_in: 3600, refresh_token: 'SECRET-r' }
      }
  }
}

/** Goes through the step, and says in the matrix's words what came of it, with the sentence a person would read. */
async function play(step: StepName, { oauth }: Setting): Promise<{ outcome: string; said: string }> {
  const config = configOf(server.mcp)
  if (step === 'refresh') {
    const outcome = await oauth.renew(config, grantOf(server.origin), never)
    return outcome.ok ? { outcome: 'renewed', said: '' } : { outcome: outcome.fault, said: outcome.detail }
  }
  if (step === 'revocation') {
    const said = await oauth.revoke(config, grantOf(server.origin), never)
    return { outcome: said === 'The server revoked the tokens.' ? 'confirmed' : 'unconfirmed', said }
  }
  try {
    const signIn = await begin(oauth, config)
    const [page] = await Promise.all([browse(signIn), signIn.grant.catch(() => {})])
    await signIn.grant
    return { outcome: 'signed in', said: page.text }
  } catch (error) {
    if (error instanceof TokentrayError) return { outcome: error.code, said: error.message }
    throw error
  }
}

/** `work`, with the limit of each request that is not answered run out. */
async function withTime<T>(work: Promise<T>, path: string, { clock }: Setting): Promise<T> {
  let isOver = false
  const done = work.finally(() => {
    isOver = true
  })
  while (!isOver) {
    await Promise.race([server.arrived(path), done.catch(() => {})])
    clock.advance(31_000)
  }
  return done
}

describe.each(Object.keys(steps) as StepName[])('%s', (step) => {
  test.each(Object.keys(faults))('%s', async (name) => {
    const setting = setUp()
    const { path } = steps[step]
    server.script(path, (request) =>
      faults[name]!.bend(request, { ...soundReply(step, request.body), stranger: stranger.origin })
    )
    const played = play(step, setting)
    const { outcome, said } = await (name === 'hang' ? withTime(played, path, setting) : played)

    expect(outcome).toBe(expected[name]![step])
    // No answer but a well-formed OAuth error may say that a grant is over.
    expect(outcome).not.toBe('refused')
    expect(said).not.toContain('SECRET')
    expect(stranger.requests).toEqual([])
    // A code is exchanged once and a refresh token spent once, whatever came back.
    if (step === 'code' || step === 'refresh') expect(server.to(path)).toHaveLength(1)
    // A registration is kept once it was really made, and no other.
    const isRegistered = outcome === 'signed in' || step === 'code'
    expect(setting.registrations.rows).toHaveLength(isRegistered ? 1 : 0)
  })
})

test('the table has a row for each fault, and no other', () => {
  expect(Object.keys(expected)).toEqual(expect.arrayContaining(Object.keys(faults)))
  expect(Object.keys(expected)).toHaveLength(Object.keys(faults).length)
})

test.each(answers)('back through the browser: $what → $outcome', async ({ change, promisesIssuer, outcome }) => {
  const { oauth } = setUp()
  server.script(steps.serverMetadata.path, {
    body: { ...metadataOf(server.origin), authorization_response_iss_parameter_supported: promisesIssuer ?? false }
  })
  const signIn = await begin(oauth, configOf(server.mcp))
  const back = (changes: Record<string, string | null>) => {
    const url = new URL(signIn.redirectUri ?? '')
    url.searchParams.set('code', 'the-code')
    url.searchParams.set('state', new URL(signIn.url ?? '').searchParams.get('state') ?? '')
    for (const [field, value] of Object.entries(changes))
      if (value === null) url.searchParams.delete(field)
      else url.searchParams.set(field, value.replace('ISSUER', server.origin))
    return fetch(url)
  }
  const ended = signIn.grant.then(
    () => 'signed in',
    (error: unknown) => (error instanceof TokentrayError ? error.code : String(error))
  )
  const page = await (await back(change)).text()
  expect(page).not.toMatch(/SECRET|555-EVIL/)
  if (outcome !== 'still waiting') {
    expect(await ended).toBe(outcome)
    return
  }
  expect(server.to('/token')).toEqual([])
  await back({})
  expect(await ended).toBe('signed in')
})
