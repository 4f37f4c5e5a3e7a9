// A home of its own, keys in memory, and a connector on them: what the tests of connecting work with.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Secret } from '../../app/base/secret.ts'
import type { Place } from '../../app/connect/clients.ts'
import { findClient } from '../../app/connect/clients.ts'
import { createConnector, type Keys } from '../../app/connect/connector.ts'
import { fakeClock } from '../fakes/clock.ts'

export const gateway = 'http://127.0.0.1:4140'

/** Keys as the gateway gives them, told apart by their number. */
export function makeKeys() {
  const living = new Map<string, string>()
  /** Those of them that were given an end. */
  const ending = new Set<string>()
  let made = 0
  const keys: Keys = {
    async make(name) {
      made += 1
      living.set(`k${made}`, name)
      return { id: `k${made}`, key: new Secret(`ttk_planted-${made}`) }
    },
    find: async (name) => [...living].filter(([, each]) => each === name).map(([id]) => id),
    async revoke(id) {
      living.delete(id)
      ending.delete(id)
    },
    async revokeSoon(id) {
      ending.add(id)
    }
  }
  return { keys, living, ending, made: () => made }
}

export function makeConnecting(
  given: { platform?: NodeJS.Platform; env?: Record<string, string>; held?: ReturnType<typeof makeKeys> } = {}
) {
  const home = mkdtempSync(join(tmpdir(), 'tt-connect-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const place: Place = { platform: given.platform ?? 'linux', home, env: given.env ?? {}, cwd: join(home, 'project') }
  mkdirSync(place.cwd)
  const held = given.held ?? makeKeys()
  const launcher = { command: '/usr/bin/node', args: ['/opt/tokentray.mjs'] }
  const connector = createConnector({
    place,
    launcher,
    gateway: async () => gateway,
    isPassThrough: (server) => server.startsWith('passed'),
    keys: held.keys,
    clock: fakeClock(),
    backups: join(home, 'backups')
  })
  return {
    ...held,
    home,
    place,
    connector,
    fileOf: (client: string) => findClient(client)!.file!(place),
    put(client: string, text: string) {
      const file = findClient(client)!.file!(place)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
      return file
    }
  }
}
