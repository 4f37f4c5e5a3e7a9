// Keys of running bridges: for one server, in memory, ended by time, by a newer one, or by a person, who shuts that run out.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createBridgeKeys } from '../../../app/gateway/access/bridgeKeys.ts'
import { hashOf } from '../../../app/gateway/access/credentials.ts'
import { fakeClock } from '../../fakes/clock.ts'

function make() {
  const clock = fakeClock()
  return { clock, keys: createBridgeKeys({ clock, randomBytes }) }
}

test('a key is for its server, and for an hour', async () => {
  const { clock, keys } = make()
  const { key, expiresAt } = keys.make('run', 7, 'one')
  expect(keys.holder(hashOf(key))).toMatchObject({ name: 'tokentray mcp (process 7)', kind: 'key', servers: ['one'] })
  expect(keys.list().map(({ name }) => name)).toEqual(['tokentray mcp (process 7)'])
  clock.jump(expiresAt - clock.now())
  expect([keys.holder(hashOf(key)), keys.list()]).toEqual([null, []])
})

test('a run has one key per server: the newest', () => {
  const { keys } = make()
  const [old, other] = [keys.make('run', 7, 'one'), keys.make('run', 7, 'two')]
  const fresh = keys.make('run', 7, 'one')
  expect([old, other, fresh].map(({ key }) => keys.holder(hashOf(key)) !== null)).toEqual([false, true, true])
})

test('a person’s revocation holds for that run, and for no other', () => {
  const { keys } = make()
  const { id, key } = keys.make('run', 7, 'one')
  expect([keys.remove(id), keys.remove(id), keys.holder(hashOf(key))]).toEqual([true, false, null])
  expect(() => keys.make('run', 7, 'one')).toThrow(/revoked/)
  expect(keys.make('next', 7, 'one').id).not.toBe(id)
})
