// The settings file: absent, sound, or refused whole with the file and the field named.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { defaultSchedule } from '../../app/health/schedule.ts'
import { mergeSchedule, parseSettings, readSettings } from '../../app/settings/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'tokentray-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'settings.json')
const read = (text: string) => {
  writeFileSync(file, text)
  return readSettings(file)
}

test('no file: the defaults', async () => {
  expect(await readSettings(`${file}.none`)).toEqual({
    schedule: defaultSchedule,
    overrides: {},
    theme: 'system',
    concurrency: 16,
    logLevel: 'info',
    clientMetadataUrl: null,
    proxy: 'system',
    gatewayHeaderTimeout: 300_000,
    gatewayKeepBody: 1_048_576,
    gatewayUsers: []
  })
  await expect(read('{"clientMetadataUrl":"http://x/y"}')).rejects.toMatchObject({ code: 'settingsUnreadable' })
})

test('given values replace the defaults, global and then per server', async () => {
  const { schedule } = await read('{"schedule":{"floor":2000,"backoffMax":60000}}')
  expect(schedule).toEqual({ ...defaultSchedule, floor: 2000, backoffMax: 60_000 })
  expect(mergeSchedule(schedule, { floor: 5000 })).toMatchObject({ floor: 5000, backoffMax: 60_000 })
})

test('durations may be written as people write them', async () => {
  const { schedule } = await read('{"schedule":{"floor":"15s","fixRetry":"2h"}}')
  expect(schedule).toMatchObject({ floor: 15_000, fixRetry: 7_200_000 })
})

test.each([
  ['{"schedule":{"floor":"soon"}}', /schedule\.floor/],
  ['{', /not valid JSON/],
  ['{"schedule":{"floor":0}}', /schedule\.floor/],
  ['{"shedule":{}}', /shedule/],
  ['[]', /the file/]
])('%s is refused with the file and the field', async (text, words) => {
  await expect(read(text)).rejects.toMatchObject({ code: 'settingsUnreadable', message: expect.stringMatching(words) })
  await expect(read(text)).rejects.toMatchObject({ message: expect.stringContaining(file) })
})

test('a proxy is a word or a URL, and nothing else', () => {
  const proxyOf = (proxy: string) => parseSettings({ proxy }, file).proxy
  expect(['none', 'http://proxy:8080', 'socks5://proxy:1080'].map(proxyOf)).toEqual([
    'none',
    'http://proxy:8080',
    'socks5://proxy:1080'
  ])
  for (const wrong of ['proxy:8080', 'ftp://proxy', ''])
    expect(() => proxyOf(wrong)).toThrow(/proxy: use system, none, or a proxy/)
})

test('a file with everything that the last version could set is read as it was', async () => {
  const everything = {
    schedule: {
      refreshMargin: '90s',
      refreshFraction: 0.8,
      jitter: 0.1,
      earliestFraction: 0.4,
      floor: 15_000,
      backoffFirst: 2000,
      backoffMax: 60_000,
      fixRetry: 60_000,
      retryAfterMax: 0,
      guessedLifetime: 1000,
      refreshTokenMargin: 0
    },
    concurrency: 4,
    logLevel: 'debug',
    proxy: 'http://proxy:8080',
    clientMetadataUrl: 'https://example.com/tokentray.json',
    gatewayHeaderTimeout: 60_000,
    gatewayKeepBody: 0,
    theme: 'dark'
  }
  const { schedule: overrides, ...rest } = everything
  const settings = await read(JSON.stringify(everything))
  expect(settings).toMatchObject({ ...rest, overrides: { ...overrides, refreshMargin: 90_000 }, gatewayUsers: [] })
})
