// Writes every generated page and picture of docs/: `npm run docs`.
// Each page's own script says what it is made from; benchmarks are written by `npm run bench -- --write`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeClientsPage } from './clients.ts'
import { makeProtocolCoverage } from './coverage.ts'
import { makeFailureModes } from './failures.ts'
import { makeFloors } from './floors.ts'
import { makeProvidersPage } from './providers.ts'
import { makeReference } from './reference.ts'
import { makeSettingsReference } from './settings.ts'

const pages = {
  'cli.md': await makeReference(),
  'connect.md': makeClientsPage(),
  'providers.md': makeProvidersPage(),
  'settings.md': makeSettingsReference(),
  'failure-modes.md': makeFailureModes(),
  'protocol-coverage.md': makeProtocolCoverage(),
  'floors.svg': makeFloors()
}
for (const [name, text] of Object.entries(pages)) writeFileSync(join(import.meta.dirname, '..', 'docs', name), text)
