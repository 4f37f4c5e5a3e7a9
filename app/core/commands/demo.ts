// Handlers of the demo's commands.
// The demo itself is in app/demo; servers/demoServers.ts adds its servers and removes them again.
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
