// The report a person sends to somebody: enough to help, and nothing that could hurt.
// A planted token and client secret, a query string in an address, and a home folder must not be in it.
import { expect, onTestFinished, test } from 'vitest'
import { writeReport } from '../../app/core/report.ts'
import { settingsView } from '../../app/settings/liveSettings.ts'
import { parseSettings } from '../../app/settings/settings.ts'
import { createSetting } from '../core.fixture.ts'
import { healthyView } from '../fakes/view.ts'
import { snapshotOf } from '../main/views.ts'

const planted = 'planted-c4n4ry-7f3a'

test('secrets, query strings and parameters stay at home; ids, hosts and last events are told', async () => {
  const setting = await createSetting()
  onTestFinished(setting.stop)
  const { call, signIn, mcp, authority } = setting
  await signIn()
  await call('server.add', {
    url: `${mcp.url}?key=${planted}`,
    id: 'given',
    accessToken: planted,
    params: { audience: planted }
  })
  await call('server.add', {
    url: `${mcp.url}#2`,
    id: 'client',
    grantKind: 'clientCredentials',
    clientId: 'c',
    clientSecret: planted,
    tokenEndpoint: `${authority.issuer}/token?k=${planted}`
  })
  await call('signIn.start', { server: 'client' }).then(
    ({ signIn }) => call('signIn.wait', { signIn }).catch(() => {}),
    () => {}
  )
  const { token } = await call('readToken', { server: 'one' })
  const { text } = await call('diagnostics', {})
  expect(text).not.toContain(planted)
  expect(text).not.toContain(token)
  const report = JSON.parse(text)
  expect(report).toMatchObject({ tokentray: '0.0.0', vault: { state: 'open' }, settings: { theme: 'system' } })
  const one = report.servers.find(({ id }: { id: string }) => id === 'one')
  expect(one).toMatchObject({ host: new URL(mcp.url).host, state: 'fresh', lastEvent: { kind: 'signedIn' } })
})

test('paths begin with ~, of an address in a sentence only the host stays', () => {
  const server = healthyView({
    id: 'one',
    byDeviceCode: true,
    detail: `See https://x.example/a?code=${planted}#${planted} for more.`,
    warnings: [
      `invalid_grant: go to https://u:${planted}@x.example:8443/reset/${planted}, or ask https://x.example.`,
      `A callback such as /back?code=${planted} is cut too.`
    ]
  })
  const snapshot = snapshotOf(server)
  snapshot.vault.path = '/home/ada/.local/share/tokentray/vault.db'
  const paths = { settings: '/home/ada/.config/tokentray/settings.json', logs: '/var/log/tokentray' }
  const text = writeReport(snapshot, settingsView(parseSettings({}, '')), paths, [], '/home/ada')
  expect(text).not.toMatch(/ada|planted/)
  expect(JSON.parse(text)).toMatchObject({
    vault: { path: '~/.local/share/tokentray/vault.db' },
    paths: { settings: '~/.config/tokentray/settings.json', logs: '/var/log/tokentray' },
    servers: [
      {
        kind: 'deviceCode',
        detail: 'See https://x.example/… for more.',
        warnings: [
          'invalid_grant: go to https://x.example:8443/… or ask https://x.example.',
          'A callback such as /back?… is cut too.'
        ]
      }
    ]
  })
})
