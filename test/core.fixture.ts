// A whole core in this process: real vault, real HTTP, a real authorization server and an MCP server on loopback.
// Only time may be a test's own. For tests of what the parts do together.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../app/base/clock.ts'
import { silentLog } from '../app/base/log.ts'
import { locate } from '../app/base/paths.ts'
import type { Call } from '../app/contract/commands.ts'
import { type ErrorCode, TokentrayError } from '../app/contract/errors.ts'
import type { ScheduleOverrides } from '../app/contract/serverConfig.ts'
import type { ServerView, Snapshot } from '../app/contract/views.ts'
import { type Core, type CoreOptions, openCore } from '../app/core/core.ts'
import { followSnapshots } from '../app/core/followSnapshots.ts'
import { type Authority, type AuthorityOptions, startAuthority } from '../app/demo/authority.ts'
import { type McpServer, startMcpServer } from '../app/demo/mcpServer.ts'
import { approve } from '../app/demo/person.ts'
import { parseSettings } from '../app/settings/settings.ts'
import { freePort } from './support/freePort.ts'

export type Setting = {
  authority: Authority
  mcp: McpServer
  core: Core
  call: Call
  view(server?: string): ServerView
  /** Resolves with the view at the first snapshot that satisfies `wanted`. */
  until(wanted: (view: ServerView) => boolean, server?: string): Promise<ServerView>
  /** Adds the MCP server as `one` and signs in as a person would. */
  signIn(more?: { url?: string; name?: string }): Promise<ServerView>
  /** Signs in as a person would to a server there is. */
  signInAgain(server?: string): Promise<ServerView>
  /** Closes the core and opens another on the same vault. */
  restart(): Promise<void>
  home: string
  stop(): Promise<void>
}

export async function createSetting(
  options: {
    authority?: Partial<AuthorityOptions>
    schedule?: ScheduleOverrides
    clock?: Clock
    core?: Partial<CoreOptions>
    folder?: string
  } = {}
): Promise<Setting> {
  const clock = options.clock ?? systemClock()
  const home = await mkdtemp(join(options.folder ?? tmpdir(), 'tokentray-test-'))
  const authority = await startAuthority({ accessTokenTtl: 3600, clock, port: await freePort(), ...options.authority })
  const mcp = await startMcpServer({ authority })
  // A fixed key instead of the keychain, so that the vault on disk survives a restart within the test.
  const items = new Map<string, never>()
  const open = () =>
    openCore({
      home: locate({ TOKENTRAY_HOME: home }, process.platform),
      kind: 'lasting',
      version: '0.0.0',
      clock,
      random: () => 0.5,
      environment: {},
      keychain: {
        get: async (account) => items.get(account) ?? null,
        set: async (account, value) => void items.set(account, value as never),
        delete: async (account) => void items.delete(account)
      },
      log: silentLog,
      settings: parseSettings({ schedule: { floor: 1000, backoffFirst: 1000, ...options.schedule } }, 'settings.json'),
      ...options.core
    })
  const setting: Setting = {
    authority,
    mcp,
    home,
    core: await open(),
    async call(name, input) {
      const reply = await setting.core.handle('cli', name, input)
      if (!reply.ok) throw new TokentrayError(reply.code as ErrorCode, reply.message)
      return reply.value as never
    },
    view(server = 'one') {
      const found = setting.core.snapshot().servers.find(({ id }) => id === server)
      if (!found) throw new Error(`no server ${server}`)
      return found
    },
    until(wanted, server = 'one') {
      const { promise, resolve } = Promise.withResolvers<ServerView>()
      let stop = () => {}
      const look = (snapshot: Snapshot) => {
        const view = snapshot.servers.find(({ id }) => id === server)
        if (view && wanted(view)) resolve(view)
      }
      stop = followSnapshots(setting.core.stream, look)
      return promise.finally(() => stop())
    },
    async signIn({ url = mcp.url, name = 'one' } = {}) {
      await setting.call('server.add', { url, name })
      return setting.signInAgain(name)
    },
    async signInAgain(server = 'one') {
      const { signIn, url: browserUrl } = await setting.call('signIn.start', { server })
      const done = setting.call('signIn.wait', { signIn })
      await approve(browserUrl!)
      return (await done).view
    },
    async restart() {
      await setting.core.close()
      setting.core = await open()
    },
    async stop() {
      await setting.core.close()
      await mcp.stop()
      await authority.stop()
      await rm(home, { recursive: true, force: true })
    }
  }
  return setting
}
