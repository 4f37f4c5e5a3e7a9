// The diagnostic report that a person can send to somebody for help: versions, system, and the state of each server.
// It holds no secrets, and of a URL only the host; server ids stay, since nobody could help without them.
import { homedir } from 'node:os'
import type { Paths } from '../base/paths.ts'
import type { RefusalView } from '../contract/clients.ts'
import type { SettingsView } from '../contract/settings.ts'
import type { ServerView, Snapshot } from '../contract/views.ts'

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
const host = (url: string | null) => (url === null ? null : (URL.parse(url)?.host ?? 'not an address'))
/** Sentences may quote an address, also a server's own: what is before or behind its host can hold anything. */
const cut = (text: string) =>
  text
    .replaceAll(
      /([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s/?#@]*@)?([^\s/?#]*)([/?#]\S+)?/gi,
      (_, scheme, _user, host, rest) => `${scheme}${host}${rest ? '/…' : ''}`
    )
    .replaceAll(/[?#]\S+/g, '?…')

function describe(server: ServerView) {
  const { lastEvent } = server
  return {
    id: server.id,
    host: host(server.url),
    issuer: host(server.issuer),
    kind: server.byDeviceCode ? 'deviceCode' : server.grantKind,
    registration: server.registration,
    state: server.paused ? 'paused' : server.state,
    light: server.light,
    words: cut(server.words),
    detail: cut(server.detail),
    fault: server.fault,
    attempt: server.attempt,
    since: iso(server.since),
    nextAt: iso(server.nextAt),
    obtainedAt: iso(server.obtainedAt),
    expiresAt: iso(server.expiresAt),
    expirySource: server.expirySource,
    refreshExpiresAt: iso(server.refreshExpiresAt),
    renewable: server.renewable,
    acceptedAt: iso(server.acceptedAt),
    warnings: server.warnings.map(cut),
    schedule: server.schedule,
    quirks: server.quirks,
    params: Object.keys(server.params),
    signIn: server.signIn?.step ?? null,
    lastEvent: lastEvent && { at: iso(lastEvent.at), kind: lastEvent.kind, detail: cut(lastEvent.detail) }
  }
}

/** As JSON, for people and programs. Paths in the person's own folder begin with "~". */
export function writeReport(
  { at, owner, vault, servers }: Snapshot,
  { overrides, concurrency, logLevel, theme }: SettingsView,
  paths: Pick<Paths, 'settings' | 'logs'>,
  refused: readonly RefusalView[] = [],
  home: string = homedir()
): string {
  const short = (path: string) => (home !== '' && path.startsWith(home) ? `~${path.slice(home.length)}` : path)
  const report = {
    at: iso(at),
    tokentray: owner.version,
    owner: owner.kind,
    startedAt: iso(owner.startedAt),
    system: `${process.platform} ${process.arch}`,
    versions: { node: process.versions.node, electron: process.versions.electron ?? null },
    vault: { state: vault.state, keySource: vault.keySource, path: short(vault.path) },
    paths: { settings: short(paths.settings), logs: short(paths.logs) },
    settings: { schedule: overrides, concurrency, logLevel, theme },
    // Without the detail, which may be a stranger's text.
    refused: refused.map(({ kind, times, lastAt }) => ({ kind, times, lastAt: iso(lastAt) })),
    servers: servers.map(describe)
  }
  return JSON.stringify(report, null, 2)
}
