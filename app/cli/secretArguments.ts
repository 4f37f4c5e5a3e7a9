// Refuses a command line that has a secret among its arguments, which other programs can see and shells remember.
// Checked before anything else is loaded, so it also covers command lines that no command would accept.
import { TokentrayError } from '../contract/errors.ts'

/** Options that people may expect to take a secret, and what to use instead. */
const forbidden = new Map([
  ['--client-secret', '--client-secret-file'],
  ['--client-key', '--client-key-file'],
  ['--assertion', '--assertion-file'],
  ['--identity-provider-secret', '--identity-provider-secret-file'],
  ['--token', '--token-file'],
  ['--access-token', '--token-file'],
  ['--bearer', '--token-file'],
  ['--bearer-token', '--token-file'],
  ['--refresh-token', '--refresh-token-file'],
  ['--passphrase', 'TOKENTRAY_PASSPHRASE_FILE'],
  ['--password', 'TOKENTRAY_PASSPHRASE_FILE']
])

/** Throws `inputInvalid` where a secret stands among the arguments; its value is not repeated. */
export function refuseSecretArguments(argv: readonly string[]): void {
  const end = argv.indexOf('--')
  for (const argument of end < 0 ? argv : argv.slice(0, end)) {
    const name = argument.split('=', 1)[0]!
    const instead = forbidden.get(name)
    if (!instead) continue
    const use = instead.startsWith('--')
      ? `${instead} FILE, or ${instead} - to read it from stdin`
      : `the variable ${instead}`
    throw new TokentrayError(
      'inputInvalid',
      `${name} is not accepted, because other programs can see arguments and shells remember them. Use ${use}.`
    )
  }
}
