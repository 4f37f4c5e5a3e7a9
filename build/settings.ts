// Makes docs/settings.md, the reference of settings.json and of the per-server schedule, from the schema itself.
// A test compares the file with what this makes, so the reference cannot fall behind.
import { z } from 'zod'
import { formatDuration } from '../app/contract/duration.ts'
import type { Schedule } from '../app/contract/health.ts'
import { parseSettings, settingsSchema } from '../app/settings/settings.ts'

/** What each field of the schedule means; the compiler asks for a line when one is added. */
const meanings: Record<keyof Schedule, string> = {
  refreshFraction: 'refresh when this share of the lifetime is over…',
  refreshMargin: '…or this long before the end, whichever is earlier',
  jitter: 'up to this share of the lifetime is taken off at random, so that many servers do not refresh at once',
  earliestFraction: 'never before this share of the lifetime',
  floor: 'the minimum time between two attempts at one server, kept across restarts, clicks included',
  backoffFirst: 'the wait after the first failure; it doubles with each further one…',
  backoffMax: '…up to this',
  fixRetry: 'how often a server whose settings were refused is tried again',
  retryAfterMax: 'the longest `Retry-After` that is believed',
  guessedLifetime: 'the lifetime assumed where the server told none',
  refreshTokenMargin: 'refresh this long before the refresh token’s own end, where refreshing extends it'
}
const others: Record<string, string> = {
  schedule: 'see below',
  concurrency: 'how many refreshes may run at the same time',
  logLevel: 'what is logged at least',
  proxy: '`system` is the environment’s `HTTPS_PROXY` and `NO_PROXY`, else the system’s own settings',
  clientMetadataUrl:
    'the address of a client ID metadata document, our client id where a server reads them ([sign-in](sign-in.md))',
  gatewayHeaderTimeout:
    'how long a server may take until its answer through the gateway begins, in ms; streams may last forever',
  gatewayKeepBody: 'bodies through the gateway up to this many bytes are kept, to be sent again with a new token',
  theme: 'of the pages, in window and browser; `system` follows the desktop'
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

Made by \`npm run docs\` from the schema itself: do not edit.

\`settings.json\` lies in Tokentray's folder (\`tokentray doctor\` names it). It is read at start and checked whole: a field
that is unknown or wrong is an error that names it. All of it is optional. Changes made in the pages are written to it
and hold at once; changes made by hand hold from the next start, or the next change in the pages, on.

| Field | Values | Default | Meaning |
| --- | --- | --- | --- |
${top.join('\n')}

## The schedule

Times are milliseconds, or text such as \`"90s"\`, \`"5m"\`, \`"2h"\`. The same fields can be set for one server, where they win: \`tokentray set <server> …\`.

| Field | Values | Default | Meaning |
| --- | --- | --- | --- |
${fields.join('\n')}
`
}
