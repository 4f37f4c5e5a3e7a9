// Views and snapshots made by hand, for the pure parts of the shell.
// A healthy server unless told otherwise; times count from `now`.

import { noClients } from '../../app/contract/clients.ts'
import { compareServers } from '../../app/contract/follower.ts'
import type { ServerView, Snapshot } from '../../app/contract/views.ts'
import { healthyView } from '../fakes/view.ts'

export const now = Date.UTC(2026, 0, 1, 12)
export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

export function server(change: Partial<ServerView> = {}): ServerView {
  return healthyView({
    id: 'linear',
    name: 'Linear',
    since: now - hour,
    nextAt: now + 12 * minute,
    obtainedAt: now - hour,
    expiresAt: now + 17 * minute,
    refreshExtends: true,
    registration: null,
    ...change
  })
}

export const retrying: Partial<ServerView> = {
  state: 'waiting',
  light: 'amber',
  words: 'Retrying · attempt 3 · the authorization server is busy',
  attempt: 3,
  nextAt: now + 38_000
}

export const needy: Partial<ServerView> = {
  state: 'needsUser',
  light: 'red',
  words: 'Sign-in needed: the server rejected the refresh token',
  detail: 'The server rejected the refresh token at 11:59 (invalid_grant).',
  action: 'signIn',
  nextAt: null
}

/** In the order of every snapshot. */
export function snapshotOf(...servers: ServerView[]): Snapshot {
  const order = ['grey', 'green', 'amber', 'red'] as const
  const worst = Math.max(0, ...servers.map(({ light }) => order.indexOf(light)))
  return {
    revision: 1,
    at: now,
    light: order[worst]!,
    vault: {
      state: 'open',
      path: '/home/someone/vault.db',
      keySource: 'keychain',
      message: '',
      errorCode: null,
      offers: null
    },
    owner: { pid: 1, kind: 'lasting', version: '0.0.0', startedAt: now },
    theme: 'system',
    demo: 'off',
    refreshHold: null,
    clients: noClients,
    gateway: null,
    servers: servers.toSorted(compareServers)
  }
}
