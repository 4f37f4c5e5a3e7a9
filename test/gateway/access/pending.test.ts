// Who makes room where too many clients wait for a person: never somebody whose page is open, or who is being decided about.
// Time is the test's own; the pages are what the authorization endpoint would ask on their behalf.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { Pending } from '../../../app/gateway/access/pending.ts'
import { fakeClock } from '../../fakes/clock.ts'

const hold = 25_000
const gone = 10_000

function makePending() {
  const clock = fakeClock()
  const pending = new Pending({ clock, randomBytes, onChange: () => {}, giveUp: () => () => 'given up' })
  let challenges = 0
  const ask = (client: string, o: { challenge?: string; approvedAt?: number | null; isRemote?: boolean } = {}) =>
    pending.add({
      client: { id: client, name: client, redirectUris: [], registeredAt: 0, approvedAt: o.approvedAt ?? null },
      redirectUri: 'http://127.0.0.1/cb',
      challenge: o.challenge ?? String(challenges++),
      state: undefined,
      issuer: '',
      servers: null,
      source: 'this computer',
      isRemote: o.isRemote ?? false
    })?.ticket ?? null
  const waiting = () => pending.views().map(({ name }) => name)
  return { clock, pending, ask, waiting }
}

const names = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `c${from + n}`)

test('twenty wait; then the oldest whose page nobody has open makes room, and its client is told if it is known', async () => {
  const { clock, pending, ask, waiting } = makePending()
  const tickets = names(20).map((name, n) => ask(name, { approvedAt: n < 2 ? 1 : null }))
  expect(ask('late')).toBeNull()
  await clock.advance(gone)
  pending.find(tickets[0]!)
  expect(ask('late')).not.toBeNull()
  expect(waiting()).toEqual(['c0', ...names(18, 2), 'late'])
  expect(pending.collect(tickets[1]!)).toBe('given up')
  expect(ask('later')).not.toBeNull()
  expect(pending.find(tickets[2]!)).toBeNull()
})

test('a page that is loaded again takes the place of the first, and another sign-in does not', () => {
  const { pending, ask, waiting } = makePending()
  const first = ask('same', { challenge: 'a' })!
  ask('same', { challenge: 'b' })
  ask('other', { challenge: 'a' })
  const again = ask('same', { challenge: 'a' })!
  expect(waiting()).toEqual(['same', 'other', 'same'])
  expect(pending.find(first)).toBeNull()
  expect(pending.find(again)).not.toBeNull()
})

test('a page that is open keeps its place until it is closed, however long and however many ask', async () => {
  const { clock, pending, ask, waiting } = makePending()
  const pages = names(20).map((name) => {
    const closed = new AbortController()
    const ticket = ask(name)!
    const look = async () => {
      while (!closed.signal.aborted) {
        pending.find(ticket)
        await pending.watch(ticket, hold, closed.signal)
      }
    }
    return { closed, looking: look() }
  })
  for (let n = 0; n < 10; n++) {
    await clock.advance(hold)
    expect(ask('late')).toBeNull()
  }
  pages[7]!.closed.abort()
  await pages[7]!.looking
  await clock.advance(gone)
  expect(ask('late')).not.toBeNull()
  expect(waiting()).toEqual([...names(7), ...names(12, 8), 'late'])
  pending.close()
  for (const { closed } of pages) closed.abort()
})

test('a fourth request of one client takes the place of its own oldest, not of anybody else’s', async () => {
  const { clock, ask, pending, waiting } = makePending()
  ask('other')
  const first = ask('same', { approvedAt: 1 })!
  for (let n = 0; n < 2; n++) ask('same')
  expect(ask('same')).toBeNull()
  await clock.advance(gone)
  expect(ask('same')).not.toBeNull()
  expect(pending.collect(first)).toBe('given up')
  expect(waiting()).toEqual(['other', 'same', 'same', 'same'])
})

test('pages that are held open keep out nobody with more of a claim: let in before, or of this computer', async () => {
  const { ask, pending, waiting } = makePending()
  for (const name of names(20)) ask(name, { isRemote: true })
  expect(ask('far', { isRemote: true })).toBeNull()
  expect(ask('near')).not.toBeNull()
  expect(ask('known', { approvedAt: 1, isRemote: true })).not.toBeNull()
  expect(waiting()).toEqual([...names(18, 2), 'near', 'known'])
  for (const name of names(18, 20)) ask(name)
  expect(ask('nearer')).toBeNull()
  expect(ask('known too', { approvedAt: 1 })).not.toBeNull()
  expect(pending.views()).toHaveLength(20)
})

test('who asks most makes room first', async () => {
  const { clock, ask, waiting } = makePending()
  for (const name of [...names(18), 'most', 'most']) ask(name)
  await clock.advance(gone)
  ask('late')
  expect(waiting()).toEqual([...names(18), 'most', 'late'])
})

test('a request whose answer is just being stored makes room for nobody, and no other door decides about it', async () => {
  const { clock, ask, pending } = makePending()
  const [ticket] = names(20).map((name) => ask(name)!)
  const { request } = pending.views()[0]!
  await clock.advance(gone)
  const stored = Promise.withResolvers<() => string>()
  const deciding = pending.decide(request, stored.promise)
  expect(pending.open(request)).toBeNull()
  for (const name of names(19, 20)) expect(ask(name)).not.toBeNull()
  stored.resolve(() => 'the code')
  await deciding
  expect(pending.collect(ticket!)).toBe('the code')
})

test('what could not be stored can be decided again', async () => {
  const { ask, pending } = makePending()
  ask('one')
  const { request } = pending.views()[0]!
  await expect(pending.decide(request, Promise.reject(new Error('full')))).rejects.toThrow('full')
  expect(pending.open(request)).not.toBeNull()
})
