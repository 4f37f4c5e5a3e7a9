// Makes docs/failure-modes.md: how OAuth clients are known to fail, and the tests that keep Tokentray from it.
// A test belongs to a row by its name ("FM-04 …"); making the page fails if a row has no test.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Row = { suffered: string; answer: string }

/** Collected from public issue trackers of MCP clients, proxies and token daemons. */
const rows: Record<string, Row> = {
  'FM-01': {
    suffered: 'Several sessions race one single-use refresh token; the server revokes the family',
    answer: 'One process owns the vault, and each server has one refresh at a time'
  },
  'FM-02': {
    suffered: 'The loser of a race deletes the winner’s new token',
    answer: 'Every write compares the grant’s generation, and no failure deletes a token'
  },
  'FM-03': {
    suffered: 'The reply is lost, and the next attempt fails with `invalid_grant`',
    answer: 'Records the attempt before sending, immediately retries the same token once, and explains what happened'
  },
  'FM-04': {
    suffered: 'A rotated token is received but not saved',
    answer: 'Checks that the vault is writable first; otherwise holds the token in memory and retries only the save'
  },
  'FM-05': {
    suffered: 'A temporary failure wipes credentials or marks them dead',
    answer: 'Only an OAuth error from the server ends a grant'
  },
  'FM-06': {
    suffered: 'A dead token is retried forever, and a sign-in is never offered',
    answer:
      'Stops, and shows the reason and what to do; where a server uses words of its own, tries the token hourly, then daily'
  },
  'FM-07': {
    suffered: 'Retries without any wait in between',
    answer: 'Limits the exponent, waits a minimum time between attempts, and sends nothing while paused'
  },
  'FM-08': { suffered: 'A refresh token is stored but never used', answer: 'Refreshes each token before it expires' },
  'FM-09': {
    suffered: 'There is no refresh token, because `offline_access` was never requested',
    answer: 'Requests it if the server lists it, and warns if there is no refresh token'
  },
  'FM-10': {
    suffered: 'The expiry is stored as a relative time, or is missing or zero',
    answer:
      'Stores an absolute time; if the server does not say, uses the JWT’s, the last known lifetime or a marked estimate'
  },
  'FM-11': {
    suffered: 'A reply without a refresh token erases the old one',
    answer: 'Keeps the old one'
  },
  'FM-12': {
    suffered: 'The refresh leaves out the secret, resource or scope',
    answer: 'Stores with each grant how its requests must be made'
  },
  'FM-13': {
    suffered: 'Client registrations go stale, or new ones are created endlessly',
    answer:
      'Keeps one per issuer, site and redirect host; registers again only if the client is rejected, has expired or needs a port that is not free'
  },
  'FM-14': {
    suffered: 'The callback port is in use',
    answer: 'Lets the system choose a port; an error names a fixed one'
  },
  'FM-15': {
    suffered: 'Browser windows open over and over',
    answer: 'The core opens no browser, and each server has one sign-in at a time'
  },
  'FM-16': {
    suffered: 'Signing in again destroys the working token first',
    answer: 'Replaces the old token only once the new one is stored'
  },
  'FM-17': {
    suffered: '“Connected” while nothing is authenticated',
    answer: 'Derives health from the stored grant, and shows separately whether the server has accepted the token'
  },
  'FM-18': { suffered: 'There is no way to sign in again', answer: 'One command (and one click) per server' },
  'FM-19': {
    suffered: 'After a new sign-in, running sessions keep the old token',
    answer: 'The gateway adds the current token to each request'
  },
  'FM-20': {
    suffered: 'An alert at the first failure, or alerts that never stop',
    answer: 'Waits a grace period, then notifies once per incident'
  },
  'FM-21': { suffered: 'The keychain prompts over and over', answer: 'Uses one item, and reads it once per start' },
  'FM-22': {
    suffered: 'Windows’ 2,560-byte credential limit',
    answer: 'The keychain holds one 32-byte key'
  },
  'FM-23': {
    suffered: 'Without a keychain, a crash or silent plaintext',
    answer: 'Gives a clear error, and offers a passphrase instead'
  },
  'FM-24': {
    suffered: 'One corrupt file loses every server, and upgrades lose tokens',
    answer: 'Uses transactions and tested migrations, and makes an encrypted copy first'
  },
  'FM-25': {
    suffered: 'Tokens appear in logs',
    answer: '`Secret` prints as [secret], and tests search every output for planted tokens'
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
  return `# How token handling fails, and the tests that prevent it here

Generated from the names of the tests by \`npm run docs\`. Do not edit.

| | What goes wrong elsewhere | What Tokentray does | Tests |
| --- | --- | --- | --- |
${lines.join('\n')}
`
}
