// The core as its doors see it: what one listener or a write under way does to the others.
// Over a whole core in this process.
import { expect, onTestFinished, test } from 'vitest'
import type { Log } from '../../app/base/log.ts'
import { silentLog } from '../../app/base/log.ts'
import { followSnapshots } from '../../app/core/followSnapshots.ts'
import { createSetting } from '../core.fixture.ts'

test('a listener that throws takes the snapshot from no other', async () => {
  const errors: string[] = []
  const log: Log = { ...silentLog, error: (message) => void errors.push(message) }
  const setting = await createSetting({ core: { log } })
  onTestFinished(setting.stop)
  let isFirst = true
  setting.core.stream.subscribe(() => {
    if (!isFirst) throw new Error('its window is gone')
    isFirst = false
  })
  const told = Promise.withResolvers<void>()
  const revision = setting.core.snapshot().revision
  followSnapshots(setting.core.stream, (snapshot) => snapshot.revision > revision && told.resolve())
  await setting.call('settings.set', { theme: 'dark' })
  await told.promise
  expect(errors).toEqual(['a snapshot could not be delivered'])
})
