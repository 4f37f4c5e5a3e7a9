// The settings page: appearance, desktop, general schedule, vault, gateway, demo, and a diagnostic report.
// Each change takes effect at once, except the schedule, which is checked and saved as a whole.
import { useState } from 'react'
import type { SettingsChanges, SettingsView, Theme } from '../app/contract/settings.ts'
import type { Snapshot } from '../app/contract/views.ts'
import { act, backUp, copy, say, usePending } from './actions.ts'
import { Choice } from './Choice.tsx'
import { useClock } from './clock.ts'
import { ActionButton, CopyLine, Page, Push } from './controls.tsx'
import { Demo } from './Demo.tsx'
import { Desktop } from './Desktop.tsx'
import { door } from './door.ts'
import { writeMoment } from './durations.ts'
import { type Fact, FactList } from './FactList.tsx'
import { Fold } from './Fold.tsx'
import { Form } from './Form.tsx'
import { readScheduleFields, ScheduleFields, type Typed } from './ScheduleFields.tsx'
import { changeSettings, useSettings } from './settings.ts'
import { go, snapshots } from './store.ts'
import { actionWords } from './words/actions.ts'
import { scheduleWords, serverSettingsWords } from './words/serverSettings.ts'
import { settingsWords } from './words/settings.ts'

const text = settingsWords

export default function Settings() {
  const snapshot = snapshots.use()
  const settings = useSettings()
  if (!snapshot) return null
  return (
    <Page title={text.title}>
      <Appearance theme={snapshot.theme} />
      <Desktop />
      {settings && <GeneralSchedule settings={settings} />}
      <Vault vault={snapshot.vault} />
      <Gateway gateway={snapshot.gateway} />
      <Demo />
      <Running owner={snapshot.owner} />
      <Diagnostics />
    </Page>
  )
}

function Appearance({ theme }: { theme: Theme }) {
  return (
    <section>
      <h2 className="cap">{text.appearance}</h2>
      <Choice
        label={text.theme}
        value={theme}
        onChange={(value) => changeSettings({ theme: value as Theme }, null)}
        options={(['system', 'light', 'dark'] as const).map((value) => ({ value, text: text.themes[value] }))}
      />
    </section>
  )
}

function GeneralSchedule({ settings }: { settings: SettingsView }) {
  const [typed, setTyped] = useState<Typed>({})
  const [errors, setErrors] = useState<Typed>({})
  const pending = usePending('settings.set')
  const { schedule, overrides } = settings
  /** What applies where the settings say nothing is known only of the fields they say nothing of. */
  const below = Object.fromEntries(Object.entries(schedule).filter(([field]) => !(field in overrides)))
  const save = async () => {
    const { changes, errors } = readScheduleFields(overrides, typed)
    setErrors(errors)
    if (Object.keys(errors).length > 0) return
    if (Object.keys(changes).length === 0) return say(serverSettingsWords.unchanged)
    if (await changeSettings({ schedule: changes as NonNullable<SettingsChanges['schedule']> })) setTyped({})
  }
  return (
    <section>
      <h2 className="cap">{scheduleWords.title}</h2>
      <p className="help">{text.scheduleHelp}</p>
      <Fold title={text.scheduleShow} level={3}>
        <Form validationBehavior="aria" onSend={save}>
          <ScheduleFields set={overrides} below={below} typed={typed} errors={errors} onChange={setTyped} />
          <div className="acts">
            <Push type="submit" pending={pending}>
              {actionWords.save}
            </Push>
          </div>
        </Form>
      </Fold>
    </section>
  )
}

function Gateway({ gateway }: { gateway: Snapshot['gateway'] }) {
  return (
    <section>
      <h2 className="cap">{text.gateway}</h2>
      <p className="help">{gateway ? text.gatewayHelp : text.gatewayNone}</p>
      {gateway?.problem && <p className="note">{gateway.problem}</p>}
      {gateway && <FactList rows={[[text.gatewayPort, gateway.port]]} />}
      {gateway?.address && <CopyLine label={text.gatewayAddress} text={gateway.address} />}
      {gateway?.publicUrl && <CopyLine label={text.gatewayPublic} text={gateway.publicUrl} />}
      <div className="acts">
        <Push onPress={() => go({ name: 'clients' })}>{text.gatewayClients}</Push>
      </div>
    </section>
  )
}

function Vault({ vault }: { vault: Snapshot['vault'] }) {
  const keySource = vault.keySource ?? 'none'
  return (
    <section>
      <h2 className="cap">{text.vault}</h2>
      <FactList rows={[[text.key, text.keySources[keySource]]]} />
      <p className="help">
        {text.keyStates[keySource]} {text.keyLost[keySource]}
      </p>
      <CopyLine label={text.location} text={vault.path} />
      <div className="acts">
        <ActionButton action="backup" onPress={backUp}>
          {text.backup}
        </ActionButton>
      </div>
      <p className="help">{text.backupHelp}</p>
    </section>
  )
}

function Running({ owner }: { owner: Snapshot['owner'] }) {
  const since = useClock((now) => writeMoment(owner.startedAt, now))
  const rows: Fact[] = [
    [text.version, owner.version],
    [text.owner, `${text.owners[owner.kind]} · ${text.process(owner.pid)}`],
    [text.since, since]
  ]
  return (
    <section>
      <h2 className="cap">{text.running}</h2>
      <FactList rows={rows} />
    </section>
  )
}

function Diagnostics() {
  const [report, setReport] = useState<string | null>(null)
  const ask = async () => (await door.call('diagnostics', {})).text
  const show = () =>
    act('diagnostics', async () => {
      setReport(await ask())
      return null
    })
  const send = () =>
    act('copyReport', async () => {
      await copy(await ask())
      return null
    })
  return (
    <section>
      <h2 className="cap">{text.diagnostics}</h2>
      <p className="help">{text.diagnosticsHelp}</p>
      <div className="acts">
        <ActionButton action="copyReport" onPress={send}>
          {text.copyReport}
        </ActionButton>
        <ActionButton action="diagnostics" onPress={report === null ? show : () => setReport(null)}>
          {report === null ? text.showReport : text.hideReport}
        </ActionButton>
      </div>
      {report !== null && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        <pre className="report" tabIndex={0}>
          {report}
        </pre>
      )}
    </section>
  )
}
