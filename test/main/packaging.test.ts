// The packaging file: accepted by electron-builder's own schema, with every fuse as decided and every path there.
// Packaging itself needs an Electron to download and runs in CI (.github/workflows/electron.yml).
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packaged } from '../../build/main.ts'

const root = join(import.meta.dirname, '..', '..')
// The loader of its files would keep what it compiles in the temporary folder.
process.env.JITI_FS_CACHE = 'false'
const require = createRequire(import.meta.url)
const { getConfig, validateConfiguration } = require('app-builder-lib/out/util/config/config')
const { DebugLogger } = require('builder-util')
const config = await getConfig(root, join(root, 'electron-builder.yml'), null)

test('electron-builder accepts the file', async () => {
  await expect(validateConfiguration(config, new DebugLogger(false))).resolves.toBeUndefined()
})

test('the fuses are blown as decided', () => {
  expect(config.electronFuses).toMatchObject({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    enableCookieEncryption: false
  })
})

test('native code alone is outside the archive, whose integrity the fuses check', () => {
  expect(config.asarUnpack).toEqual(['**/*.node'])
})

test('icons are there, and the application names itself as the package does', () => {
  for (const { icon } of [config.mac, config.win, config.linux])
    expect([icon, existsSync(join(root, icon))]).toEqual([icon, true])
  expect(config.mac.target).toEqual(['dmg', 'zip'])
  expect(config.win.target).toEqual(['nsis'])
  expect(config.linux.target).toEqual(['AppImage', 'deb'])
  // Windows ties notifications to it.
  expect(readFileSync(join(root, 'main', 'main.ts'), 'utf8')).toContain(`setAppUserModelId('${config.appId}')`)
})

test('what is not bundled is installed with the application', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(packaged))
})
