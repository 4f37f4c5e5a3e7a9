// The moments at which time alone changes what a server's view says: checked against the words themselves.
// A moment that is missing would leave an old light on every screen.
import { expect, test } from 'vitest'
import type { GrantFacts, Health } from '../../app/contract/health.ts'
import { changesAt } from '../../app/health/changesAt.ts'
import { newHealth } from '../../app/health/questions.ts'
import { defaultSchedule, endNoticeMs } from '../../app/health/schedule.ts'
import { detailOf, lightOf, warningsOf, wordsOf } from '../../app/health/words.ts'

const now = Date.UTC(2026, 0, 2, 12)
const hour = 3_600_000
const grant: GrantFacts = {
  generation: 1,
  obtainedAt: now - hour,
  expiresAt: now + hour,
  expirySource: 'stated',
  refreshExpiresAt: now + endNoticeMs + 2 * hour,
  refreshExtends: false,
  renewable: true,
  restored: false
}
const fresh: Health['state'] = { kind: 'fresh', since: now, roll: 0, dueAt: now + 2 * hour }
const waiting: Health['state'] = {
  ...{ kind: 'waiting', since: now, attempt: 1, nextAt: now + 3 * hour },
  report: { fault: 'busy', at: now, detail: '503' }
}
const said = (health: Health, at: number) =>
  JSON.stringify([
    lightOf(health, at),
    wordsOf(health, at),
    detailOf(health, at, String),
    warningsOf(health, at, defaultSchedule)
  ])

test.each([
  ['a token that ends', { state: fresh, grant }, [now + hour, now + 2 * hour + 1]],
  ['one that waits for its refresh', { state: waiting, grant }, [now + hour, now + 2 * hour + 1]],
  [
    'a refresh token that refreshing prolongs',
    { state: fresh, grant: { ...grant, refreshExtends: true } },
    [now + hour]
  ],
  ['a token without an end', { state: fresh, grant: { ...grant, expiresAt: null, refreshExpiresAt: null } }, []],
  ['no grant', {}, []]
] as [string, Partial<Health>, number[]][])('%s', (_, change, moments) => {
  const health: Health = { ...newHealth, ...change }
  const found: number[] = []
  for (let at = changesAt(health, now); at !== null; at = changesAt(health, at)) found.push(at)
  expect(found).toEqual(moments)
  // Exactly at these, and at no other moment of the half hours between.
  for (let at = now; at < now + 4 * hour; at += hour / 2) {
    const isNamed = found.some((moment) => moment > at && moment <= at + hour / 2)
    expect(said(health, at) !== said(health, at + hour / 2)).toBe(isNamed)
  }
  for (const moment of found) expect(said(health, moment)).not.toBe(said(health, moment - 1))
})
