// One healthy server as doors see it: the ground that every test of a door changes what it needs of.
// A new field of the view is added here, once.
import type { ServerView } from '../../app/contract/views.ts'

export function healthyView(change: Partial<ServerView> & { id: string }): ServerView {
  return {
    name: change.id,
    url: `https://${change.id}.example/mcp`,
    grantKind: 'authorizationCode',
    light: 'green',
    state: 'fresh',
    paused: false,
    words: 'Healthy',
    detail: '',
    warnings: [],
    action: null,
    since: 0,
    nextAt: null,
    attempt: 0,
    fault: null,
    faultAt: null,
    obtainedAt: 0,
    expiresAt: null,
    expirySource: 'stated',
    refreshExpiresAt: null,
    renewable: true,
    acceptedAt: null,
    issuer: null,
    scope: null,
    resource: null,
    clientId: null,
    registration: 'dynamic',
    schedule: {},
    quirks: {},
    quirkReasons: {},
    proposals: [],
    mode: 'token',
    redirectHost: '127.0.0.1',
    redirectPort: null,
    params: {},
    demo: false,
    signIn: null,
    lastEvent: null,
    ...change
  }
}
