// A core whose answers the test chooses: what control socket and CLI are tested against without vault or network.
import { systemClock } from '../../app/base/clock.ts'
import { type Log, silentLog } from '../../app/base/log.ts'
import { noClients } from '../../app/contract/clients.ts'
import type { Reply } from '../../app/contract/commands.ts'
import type { Door } from '../../app/contract/door.ts'
import { TokentrayError } from '../../app/contract/errors.ts'
import { compareServers } from '../../app/contract/follower.ts'
import type { GatewayView, ServerView } from '../../app/contract/views.ts'
import type { Core } from '../../app/core/core.ts'
import { createPublisher } from '../../app/core/publisher.ts'
import { parseSettings } from '../../app/settings/settings.ts'
import { healthyView } from '../fakes/view.ts'

export type Handler = (input: never, door: Door) => unknown
export type FakeCore = Core & {
  calls: { door: Door; name: string; input: unknown }[]
  on(name: string, handler: Handler): void
  publish(servers: ServerView[]): void
  /** The view of this server may have changed, which is not told yet. */
  touch(id: string): void
  /** How many views were made so far. */
  viewsMade(): number
  end(how: 'handOver' | 'quit'): void
  listeners(): number
  isClosed(): boolean
}

export function makeView(id: string, over: Partial<ServerView> = {}): ServerView {
  return healthyView({ id, issuer: 'https://issuer.example', ...over })
}

/** Throw `{code, message}` in a handler to reply with an error. */
export function makeCore(servers: ServerView[] = [], log: Log = silentLog): FakeCore {
  const ended = Promise.withResolvers<'handOver' | 'quit'>()
  const handlers = new Map<string, Handler>([['server.find', ({ url }: { url: string }) => ({ url })]])
  const listeners = new Set<() => void>()
  const changed = new Set<string>()
  const calls: FakeCore['calls'] = []
  let current = servers
  let publish = () => {}
  let made = 0
  let closed = false
  let gateway: GatewayView | null = null
  // The real one, but told by publish() when its wait is over.
  const publisher = createPublisher({
    clock: {
      ...systemClock(),
      now: () => 0,
      after(_, wake) {
        publish = wake
        return () => {}
      }
    },
    log,
    light: () => 'green',
    rest: () => ({
      vault: { state: 'open', path: ':memory:', keySource: 'throwaway', message: '', errorCode: null, offers: null },
      owner: { pid: process.pid, kind: 'command', version: '0', startedAt: 0 },
      theme: 'system',
      demo: 'off',
      refreshHold: null,
      clients: noClients,
      gateway
    }),
    views: () => {
      made += current.length
      return current.toSorted(compareServers)
    },
    view: (id) => {
      made++
      return current.find((view) => view.id === id) ?? null
    },
    changesAt: () => null
  })
  publisher.changed()
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
    snapshot: publisher.snapshot,
    stream: {
      ...publisher,
      subscribe(listener) {
        const stop = publisher.subscribe(listener)
        listeners.add(stop)
        return () => {
          listeners.delete(stop)
          stop()
        }
      }
    },
    gateway: {
      parts() {
        throw new TokentrayError('passphraseNeeded', 'There is no vault here.')
      },
      resolveProxy: async () => null,
      metrics: { countRequest() {} },
      refused() {},
      notice() {},
      settings: parseSettings({}, ''),
      log: silentLog
    },
    scrape: async () => null,
    showGateway: (view) => {
      gateway = view
    },
    publish(next) {
      const before = new Map(current.map((view) => [view.id, view]))
      current = next
      for (const view of next) {
        if (before.get(view.id) !== view) changed.add(view.id)
        before.delete(view.id)
      }
      for (const id of [...changed, ...before.keys()]) publisher.changed(id)
      if (changed.size + before.size === 0) publisher.changed()
      changed.clear()
      publish()
    },
    touch: publisher.changed,
    viewsMade: () => made,
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
