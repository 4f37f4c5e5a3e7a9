// Makes docs/settings.md, the reference of settings.json and of the per-server schedule, from the schema itself.
// A test compares the file with what this makes, so the reference cannot fall behind.
import { z } from 'zod'
import { formatDuration } from '../app/contract/duration.ts'
import type { Schedule } from '../app/contract/health.ts'
import { parseSettings, settingsSchema } from '../app/settings/settings.ts'

/** What each field of the schedule means; the compiler asks for a line when one is added. */
const meanings: Record<keyof Schedule, string> = {
  refreshFraction: 'refresh after this share of the lifetime…',
  refreshMargin: '…or this long before expiry, whichever is earlier',
  jitter: 'refresh earlier at random, by up to this share of the lifetime, so that many servers do not refresh at once',
  earliestFraction: 'never before this share of the lifetime',
  floor:
    'minimum time between two attempts at one server, including attempts you start, even across restarts; one immediate retry after a lost reply is exempt',
  backoffFirst: 'wait after the first failure; it doubles with each further one…',
  backoffMax: '…up to this maximum',
  fixRetry: 'how often to retry while the server rejects the settings',
  retryAfterMax: 'longest wait a server may ask for (`Retry-After`)',
  guessedLifetime: 'assumed lifetime if the server does not say',
  refreshTokenMargin: 'refresh this long before the refresh token itself expires, if refreshing extends it'
}
const others: Record<string, string> = {
  schedule: 'see below',
  concurrency: 'maximum number of refreshes at the same time',
  logLevel: 'lowest level that is logged',
  proxy: '`system` uses `HTTPS_PROXY` and `NO_PROXY` from the environment, otherwise the system’s own settings',
  clientMetadataUrl:
    'URL of a client ID metadata document, used as the client ID if a server supports it ([sign-in](sign-in.md))',
  gatewayHeaderTimeout:
    'how long a server may take to start its response through the gateway, in ms; streams may last forever',
  gatewayKeepBody: 'largest request body that the gateway keeps to send again with a new token, in bytes',
  gatewayUsers:
    'user IDs of other users of this computer who may use the gateway, such as a reverse proxy’s ([gateway](gateway.md)); Linux only',
  theme: 'theme of the pages, in the window and in browsers; `system` follows the desktop'
}

type Property = {
  type?: string
  pattern?: string
  minimum?: number
  maximum?: number
  enum?: string[]
  anyOf?: Property[]
}

function range({ type, pattern, minimum, maximum, enum: values, anyOf }: Property): string {
  if (type === 'array') return 'list of integers'
  if (anyOf) return 'an https URL, or null'
  if (pattern) return '`system`, `none` or a URL'
  if (values) return values.join(', ')
  const upper = maximum === undefined || maximum > 1e12 ? '' : ` to ${maximum}`
  return `${type}${minimum === undefined ? '' : `, ${minimum}${upper || ' or more'}`}`
}

/** The whole page. */
export function makeSettingsReference(): string {
  const { schedule, overrides: _, ...rest } = parseSettings({}, '')
  const schema = z.toJSONSchema(settingsSchema, { io: 'input' }) as {
    properties: Record<string, Property & { properties?: Record<string, Property> }>
  }
  const top = Object.entries(schema.properties).map(([name, property]) => {
    const value = name === 'schedule' ? '`{}`' : `\`${JSON.stringify(rest[name as keyof typeof rest])}\``
    return `| \`${name}\` | ${name === 'schedule' ? 'object' : range(property)} | ${value} | ${others[name]} |`
  })
  const fields = Object.entries(schema.properties.schedule?.properties ?? {}).map(([name, property]) => {
    const value = schedule[name as keyof Schedule]
    const said = value > 1 ? `\`${value}\` (${formatDuration(value)})` : `\`${value}\``
    return `| \`${name}\` | ${range(property)} | ${said} | ${meanings[name as keyof Schedule]} |`
  })
  return `# Settings

Generated from the schema by \`npm run docs\`. Do not edit.

\`settings.json\` is in Tokentray's folder (\`tokentray doctor\` shows where). All fields are optional. The file is read and checked
when Tokentray starts, and an unknown or invalid field is an error that names it. Changes you make in the pages are saved to the
file and take effect immediately. Changes you make in the file take effect at the next start, or at the next change in the pages.

| Field | Values | Default | Meaning |
| --- | --- | --- | --- |
${top.join('\n')}

## The schedule

Times are milliseconds, or text such as \`"90s"\`, \`"5m"\` or \`"2h"\`. The same fields can be set for one server with \`tokentray set <server> …\`, which overrides these.

| Field | Values | Default | Meaning |
| --- | --- | --- | --- |
${fields.join('\n')}
`
}
