// A reporter for vitest: writes what failed, a line each, to a file that build/test.mjs prints at the very end.
// A log is often cut to its end, and errors outside of tests are in no list of tests.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './node.mjs'

export const failuresFile = join(root, 'node_modules', '.cache', 'tokentray-failures.txt')

export default class FailureReport {
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
    mkdirSync(dirname(failuresFile), { recursive: true })
    writeFileSync(failuresFile, lines.map((each) => `${each}\n`).join(''))
  }
}
