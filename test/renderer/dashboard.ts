// A real core's dashboard with the built pages, for tests and the benchmark.
// It ends with its `close`, before the core's.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '../../app/base/clock.ts'
import type { Core } from '../../app/core/core.ts'
import { startDashboard } from '../../app/dashboard/dashboard.ts'

export const serve = (core: Core, files: string, home: string) =>
  startDashboard({
    core,
    files,
    folder: join(home, 'run'),
    port: 0,
    command: 'tokentray open',
    clock: systemClock(),
    randomBytes
  })
