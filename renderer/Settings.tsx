// Settings of the whole: where the vault lies, what unlocks it, a backup, who keeps it, and a report to send.
// The report names no server, address or path.
import { useState } from 'react'
import type { Snapshot } from '../app/contract/views.ts'
import { backUp, copy } from './actions.ts'
import { bridge } from './bridge.ts'
import { useClock } from './clock.ts'
import { ActionButton, Page, Push } from './controls.tsx'
import { Desktop } from './Desktop.tsx'
import { writeMoment } from './durations.ts'
import { markOf } from './Mark.tsx'
import { snapshots } from './store.ts'
import { words } from './words.ts'

const text = words.settings

/** States and versions only: nothing that names a server, a person or a place. */
export function reportOf(snapshot: Snapshot): string {
  const { owner, vault, servers } = snapshot
  const minutes = (at: number | null) => (at === null ? null : Math.round((at - snapshot.at) / 60_000))
  const report = {
    version: owner.version,
    owner: owner.kind,
    upMinutes: minutes(owner.startedAt),
    door: bridge.platform,
    browser: navigator.userAgent,
    vault: { state: vault.state, keySource: vault.keySource },
    servers: servers.map((server) => ({
      state: markOf(server),
      kind: server.grantKind,
      registration: server.registration,
      fault: server.fault,
      attempt: server.attempt,
      nextInMinutes: minutes(server.nextAt),
      endsInMinutes: minutes(server.expiresAt),
      endKnownFrom: server.expirySource,
      renewable: server.renewable,
      warnings: server.warnings.length
    }))
  }
  return JSON.stringify(report, null, 2)
}

export default function Settings() {
  const snapshot = snapshots.use()
  const [report, setReport] = useState<string | null>(null)
  const since = useClock((now) => (snapshot ? writeMoment(snapshot.owner.startedAt, now) : ''))
  if (!snapshot) return null
  const { vault, owner } = snapshot
  return (
    <Page title={text.title}>
      <section>
        <h2 className="cap">{text.vault}</h2>
        <dl className="facts">
          <div>
            <dt>{text.location}</dt>
            <dd>{vault.path}</dd>
          </div>
          <div>
            <dt>{text.key}</dt>
            <dd>{text.keySources[vault.keySource ?? 'none']}</dd>
          </div>
        </dl>
        <div className="acts">
          <ActionButton action="backup" onPress={backUp}>
            {text.backup}
          </ActionButton>
        </div>
        <p className="help">{text.backupHelp}</p>
      </section>
      <Desktop />
      <section>
        <h2 className="cap">{text.running}</h2>
        <dl className="facts">
          <div>
            <dt>{text.version}</dt>
            <dd>{owner.version}</dd>
          </div>
          <div>
            <dt>{text.owner}</dt>
            <dd>
              {text.owners[owner.kind]} · {text.process(owner.pid)}
            </dd>
          </div>
          <div>
            <dt>{text.since}</dt>
            <dd>{since}</dd>
          </div>
        </dl>
      </section>
      <section>
        <h2 className="cap">{text.diagnostics}</h2>
        <p className="help">{text.diagnosticsHelp}</p>
        <div className="acts">
          <ActionButton action="copy" onPress={() => copy(reportOf(snapshot))}>
            {text.copyReport}
          </ActionButton>
          <Push onPress={() => setReport(report === null ? reportOf(snapshot) : null)}>{text.showReport}</Push>
        </div>
        {report !== null && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
          <pre className="report" tabIndex={0}>
            {report}
          </pre>
        )}
      </section>
      <p className="help">{text.theme}</p>
    </Page>
  )
}
