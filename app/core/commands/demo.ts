// Handlers of the commands that start and stop the demo: three local servers to try Tokentray with, without an account.
// servers/demoServers.ts does the work, so that the demo's servers are removed again even after a crash.
import type { demoCommands } from '../../contract/demo.ts'
import type { DemoServers } from '../../servers/demoServers.ts'
import type { HandlersOf } from './handlers.ts'

export function createDemoHandlers(demo: Pick<DemoServers, 'start' | 'stop'>): HandlersOf<keyof typeof demoCommands> {
  return {
    'demo.start': async () => ({ servers: await demo.start() }),
    'demo.stop': async () => {
      await demo.stop()
      return {}
    }
  }
}
