// How the tests run: each file in a process of its own, since native SQLite, locks and signals are process-wide.
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // The end-to-end files mostly wait for real time to pass; on two cores, one at a time would double the run.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A real server, keyring or child process may be slow on a busy machine; a hang must still end.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    restoreMocks: true
  }
})
