// How the tests run: each file in a process of its own, since native SQLite, locks and signals are process-wide.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // A real server, keyring or child process may be slow on a busy machine; a hang must still end.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true
  }
})
