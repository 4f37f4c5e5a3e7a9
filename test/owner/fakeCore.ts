// A core whose answers the test chooses: what control socket and CLI are tested against without vault or network.
import { silentLog } from '../../app/base/log.ts'
import { noClients } from '../../app/contract/clients.ts'
import type { Reply } from '../../app/contract/commands.ts'
import type { Door } from '../../app/contract/door.ts'
import { TokentrayError } from '../../app/contract/errors.ts'
import type { GatewayView, ServerView, Snapshot } from '../../app/contract/views.ts'
import type { Core } from '../../app/core/core.ts'
import { parseSettings } from '../../app/settings/settings.ts'
import { healthyView } from '../fakes/view.ts'

export type Handler = (input: never, door: Door) => unknown
export type FakeCore = Core & {
  calls: { door: Door; name: string; input: unknown }[]
  on(name: string, handler: Handler): void
  publish(servers: ServerView[]): void
  end(how: 'handOver' | 'quit'): void
  listeners(): number
  isClosed(): boolean
}

export function makeView(id: string, over: Partial<ServerView> = {}): ServerView {
  return healthyView({ id, issuer: 'https://issuer.example', ...over })
}

/** Throw `{code, message}` in a handler to reply with an error. */
export function makeCore(servers: ServerView[] = []): FakeCore {
  const ended = Promise.withResolvers<'handOver' | 'quit'>()
  const handlers = new Map<string, Handler>()
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const calls: FakeCore['calls'] = []
  let current = servers
  let revision = 1
  let closed = false
  let gateway: GatewayView | null = null
  const core: FakeCore = {
    calls,
    on: (name, handler) => handlers.set(name, handler),
    async handle(door, name, input): Promise<Reply<unknown>> {
      calls.push({ door, name, input })
      try {
        const handler = handlers.get(name)
        if (!handler) return { ok: false, code: 'commandUnknown', message: `There is no command ${name}.` }
        return { ok: true, value: await handler(input as never, door) }
      } catch (error) {
        const { code, message } = error as { code: string; message: string }
        return { ok: false, code, message }
      }
    },
    snapshot: () => ({
      revision,
      at: 0,
      light: 'green',
      vault: { state: 'open', path: ':memory:', keySource: 'throwaway', message: '', errorCode: null, offers: null },
      owner: { pid: process.pid, kind: 'command', version: '0', startedAt: 0 },
      theme: 'system',
      demo: 'off',
      clients: noClients,
      gateway,
      servers: current
    }),
    subscribe(listener) {
      listeners.add(listener)
      listener(core.snapshot())
      return () => listeners.delete(listener)
    },
    gateway: {
      parts() {
        throw new TokentrayError('passphraseNeeded', 'There is no vault here.')
      },
      resolveProxy: async () => null,
      metrics: { countRequest() {} },
      refused() {},
      settings: parseSettings({}, ''),
      log: silentLog
    },
    scrape: async () => null,
    showGateway: (view) => {
      gateway = view
    },
    publish(next) {
      current = next
      revision += 1
      for (const listener of listeners) listener(core.snapshot())
    },
    ended: ended.promise,
    end: (how) => ended.resolve(how),
    listeners: () => listeners.size,
    isClosed: () => closed,
    close: async () => {
      closed = true
    }
  }
  core.on('snapshot', () => core.snapshot())
  return core
}
