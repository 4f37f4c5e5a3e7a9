// How the tests run: each file in a process of its own, since native SQLite, locks and signals are process-wide.
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** By folder, since vitest goes by size where it has not seen a file run: a short file that takes a minute must not come last. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => (/\/test\/(e2e|renderer)\//.test(moduleId) ? 0 : 1)
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/support/globalSetup.ts',
    reporters: ['default', './build/testReport.mjs'],
    pool: 'forks',
    // More than there are processors: the end-to-end files and those of the pages wait for real time, processes, a browser.
    maxWorkers: availableParallelism() + 3,
    sequence: { sequencer: LongestFirst },
    // A real server, browser, keyring or child process may be slow on a busy machine; a hang must still end.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
    restoreMocks: true
  }
})
