// A reporter for vitest that writes the time of each group of tests, and all failures, to a file for build/test.mjs.
// It is printed at the very end, because logs are often cut to their end, and errors outside of tests are in no list of tests.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './node.mjs'

export const reportFile = join(root, 'node_modules', '.cache', 'tokentray-test-report.txt')

/** "e2e 120 s (53 tests)" for each folder of tests, the longest first: what its files took one by one, waiting included. */
function groupsOf(modules) {
  const groups = new Map()
  for (const module of modules) {
    const name = relative(join(root, 'test'), module.moduleId).split(/[/\\]/)[0]
    const { ms, tests } = groups.get(name) ?? { ms: 0, tests: 0 }
    const { duration, collectDuration } = module.diagnostic()
    groups.set(name, { ms: ms + duration + collectDuration, tests: tests + [...module.children.allTests()].length })
  }
  return [...groups]
    .sort(([, one], [, other]) => other.ms - one.ms)
    .map(([name, { ms, tests }]) => `${name} ${Math.round(ms / 1000)} s (${tests} tests)`)
}

export default class TestReport {
  /** @type {import('vitest/reporters').Reporter['onTestRunEnd']} */
  onTestRunEnd(modules, unhandled) {
    const line = (where, errors) => `FAIL ${where}: ${errors[0]?.message?.split('\n')[0] ?? 'without a message'}`
    const lines = modules.flatMap((module) => {
      const file = relative(root, module.moduleId)
      const own = module.errors().length > 0 ? [line(file, module.errors())] : []
      const tests = [...module.children.allTests('failed')]
      return [...own, ...tests.map((test) => line(`${file} > ${test.fullName}`, test.result().errors ?? []))]
    })
    for (const error of unhandled) lines.push(line('outside of tests', [error]))
    const groups = `By folder: ${groupsOf(modules).join(', ')}`
    mkdirSync(dirname(reportFile), { recursive: true })
    writeFileSync(reportFile, [groups, ...lines].map((each) => `${each}\n`).join(''))
  }
}
