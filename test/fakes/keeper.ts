// A keeper as tests need one: over the vault, the OAuth port and the clock that a test gives, without a log and without chance.
// What a test is about it changes by name.
import { silentLog } from '../../app/base/log.ts'
import { createMetrics } from '../../app/base/metrics.ts'
import { defaultSchedule } from '../../app/health/schedule.ts'
import { Keeper, type KeeperOptions } from '../../app/keeper/keeper.ts'

type Given = Pick<KeeperOptions, 'vault' | 'oauth' | 'clock'> & Partial<KeeperOptions>

/** It keeps every server, sixteen at a time, on the default schedule. To be drained at the test's end. */
export function testKeeper(given: Given): Keeper {
  return new Keeper({
    random: () => 0,
    log: silentLog,
    metrics: createMetrics(),
    schedule: defaultSchedule,
    concurrency: 16,
    scope: 'all',
    isOffline: () => false,
    onChange: () => {},
    ...given
  })
}
