// Makes docs/failure-modes.md: what people suffer elsewhere, and the tests here that pin the answer down.
// Tests name their row ("FM-04 …"); making the page fails when no test names a row.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Row = { suffered: string; answer: string }

/** Collected from public issue trackers of MCP clients, proxies and token daemons. */
const rows: Record<string, Row> = {
  'FM-01': {
    suffered: 'Several sessions race one single-use refresh token; the server revokes the family',
    answer: 'One owner process, single flight per server'
  },
  'FM-02': {
    suffered: 'The loser of a race deletes the winner’s new token',
    answer: 'Every write compares the grant’s generation; no failure deletes'
  },
  'FM-03': {
    suffered: 'The reply is lost, the next try says `invalid_grant`',
    answer: 'Journal before sending; the same token once more at once; said honestly'
  },
  'FM-04': {
    suffered: 'A rotated token is received but not saved',
    answer: 'Prove the vault writable first; hold in memory; retry the save only'
  },
  'FM-05': {
    suffered: 'A passing failure wipes credentials or marks them dead',
    answer: 'Only a parsed OAuth error is terminal'
  },
  'FM-06': {
    suffered: 'A dead token is retried for ever, sign-in is never offered',
    answer: 'A terminal state with reason and action'
  },
  'FM-07': {
    suffered: 'A retry loop at 0 s',
    answer: 'Exponent clamped first, a floor between attempts, nothing while paused'
  },
  'FM-08': { suffered: 'A refresh token is stored but never used', answer: 'The scheduler' },
  'FM-09': {
    suffered: 'No refresh token, because `offline_access` was never asked for',
    answer: 'Asked for where listed; warned about where missing'
  },
  'FM-10': {
    suffered: 'Expiry stored relative, missing or zero',
    answer: 'Absolute; else the JWT’s, the last known, or a marked guess'
  },
  'FM-11': {
    suffered: 'A reply without a refresh token erases the old one',
    answer: 'The old one is kept'
  },
  'FM-12': {
    suffered: 'The refresh drops secret, resource or scope',
    answer: 'The request’s shape is kept with the grant'
  },
  'FM-13': {
    suffered: 'Client registrations go stale or are minted endlessly',
    answer:
      'Kept per issuer and redirect host; a new one only where that one is refused, has expired or cannot have its port'
  },
  'FM-14': {
    suffered: 'The callback port is taken',
    answer: 'A port of the system’s choice; a fixed one is named in the error'
  },
  'FM-15': {
    suffered: 'Browser storms',
    answer: 'The core opens no browser; one sign-in per server at a time'
  },
  'FM-16': {
    suffered: 'Signing in again destroys the working token first',
    answer: 'Staged, then swapped'
  },
  'FM-17': {
    suffered: '“Connected” while nothing is authenticated',
    answer: 'Health from the stored grant; acceptance shown apart, from answers seen'
  },
  'FM-18': { suffered: 'No way to sign in again', answer: 'One command (and one click) per server' },
  'FM-19': {
    suffered: 'Signed in again, but running sessions keep the stale token',
    answer: 'The gateway puts the current token on each request'
  },
  'FM-20': {
    suffered: 'Alert at the first blip, or nagging for ever',
    answer: 'A grace period, once per incident'
  },
  'FM-21': { suffered: 'Keychain prompt storms', answer: 'One item, read once per start' },
  'FM-22': {
    suffered: 'Windows’ 2,560-byte credential limit',
    answer: 'The keychain holds one 32-byte key'
  },
  'FM-23': {
    suffered: 'No keychain: a crash, or silent plaintext',
    answer: 'A clear error, an explicit passphrase mode'
  },
  'FM-24': {
    suffered: 'One corrupt file loses every server; upgrades lose tokens',
    answer: 'Transactions, tested migrations, encrypted copies first'
  },
  'FM-25': {
    suffered: 'Tokens in logs',
    answer: '`Secret` prints as [secret]; a canary searches every output'
  }
}

const root = join(import.meta.dirname, '..')

/** The tests by row: file and name, as written in the sources. */
export function findTests(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const file of readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.test.ts')) continue
    const text = readFileSync(join(root, 'test', file), 'utf8')
    for (const [, , name] of text.matchAll(/\b(?:test|it|describe)[^'"`\n]*\(\s*(['"`])(FM-\d\d .*?)\1/g)) {
      // One test may pin down several rows: "FM-02 FM-16 …".
      const [, prefix, words] = /^((?:FM-\d\d )+)(.*)$/.exec(name!)!
      const said = words!.replaceAll("\\'", "'").replaceAll('|', '\\|')
      const line = `${said} (\`test/${file.replaceAll('\\', '/')}\`)`
      for (const row of prefix!.trim().split(' ')) found.set(row, [...(found.get(row) ?? []), line])
    }
  }
  return found
}

/** The whole page. @throws Error with the rows that no test names */
export function makeFailureModes(): string {
  const tests = findTests()
  const untested = Object.keys(rows).filter((name) => !tests.has(name))
  if (untested.length > 0) throw new Error(`No test names ${untested.join(', ')}.`)
  const lines = Object.entries(rows).map(
    ([name, { suffered, answer }]) => `| ${name} | ${suffered} | ${answer} | ${tests.get(name)!.join('<br>')} |`
  )
  return `# How token keeping fails, and what pins the answer down

Made by \`npm run docs\` from the tests' names: do not edit.

| | What people suffer elsewhere | What Tokentray does | Tests |
| --- | --- | --- | --- |
${lines.join('\n')}
`
}
