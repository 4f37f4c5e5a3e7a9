// Secrets on their way in: from a file, from stdin, or typed unseen. Never from an argument, which every process can read.
// Also the seeding of a server from environment variables.
import { readFile } from 'node:fs/promises'
import type { Environment } from '../base/paths.ts'
import { expose } from '../base/secret.ts'
import type { Input } from '../contract/commands.ts'
import { TokentrayError } from '../contract/errors.ts'
import { findBrokenRule } from '../contract/newServer.ts'
import type { GrantKind } from '../contract/server.ts'
import { sayProblem } from '../health/problems.ts'
import type { World } from './world.ts'

const limit = 65_536
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

/** The secret in `file`; `-` is stdin, asked for unseen on a terminal. Rejects `inputInvalid`. */
export async function readSecret(world: World, file: string, what: string): Promise<string> {
  const from = file === '-' ? 'stdin' : file
  const secret = (await readText(world, file, what)).trim()
  if (secret === '') throw new TokentrayError('inputInvalid', `There is no ${what} in ${from}, which is empty.`)
  if (secret.length > limit || /\s/.test(secret))
    throw new TokentrayError(
      'inputInvalid',
      `The content of ${from} is not a valid ${what}. It must be a single word of at most 64 KiB.`
    )
  return secret
}

/** The same for what may have several lines, such as a private key; whether it is one is the core's to say. */
export async function readText(world: World, file: string, what: string): Promise<string> {
  const from = file === '-' ? 'stdin' : file
  let text: string
  if (file === '-') text = await readStdin(world, what)
  else {
    try {
      text = await readFile(file, 'utf8')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new TokentrayError('inputInvalid', `The ${what} could not be read from ${from}: ${sayProblem(code)}.`, {
        cause: error
      })
    }
  }
  return text
}

/** A vault passphrase: asked for unseen on a terminal, else the first line of stdin. Rejects `inputInvalid`. */
export async function readPassphrase(world: World): Promise<string> {
  const [passphrase = ''] = (await readStdin(world, 'vault passphrase')).split(/\r?\n/, 1)
  if (passphrase) return passphrase
  throw new TokentrayError('inputInvalid', 'A passphrase is required. Type it in the terminal, or pass it on stdin.')
}

async function readStdin(world: World, what: string): Promise<string> {
  if (world.stdin.isTTY) {
    const { askHidden } = await import('./prompt.ts')
    return expose(await askHidden(world, `${what[0]!.toUpperCase()}${what.slice(1)}:`))
  }
  let text = ''
  for await (const chunk of world.stdin) {
    text += String(chunk)
    if (text.length > 2 * limit) break
  }
  return text
}

type Seed = Omit<Input<'server.add'>, 'url'>

/**
 * What PREFIX_… variables say about a server: its kind of grant is derived from which are set, and the vault wins
 * over them from the second time on. Throws `inputInvalid`, naming the variable.
 */
export function readSeed(env: Environment, prefix: string): Seed {
  const stem = prefix.replace(/_+$/, '')
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(stem))
    throw new TokentrayError(
      'inputInvalid',
      `"${prefix}" is not a valid prefix for an environment variable. Use letters, digits and _.`
    )
  const read = (name: string) => env[`${stem}_${name}`]?.trim() || undefined
  const accessToken = read('ACCESS_TOKEN') ?? read('BEARER_TOKEN')
  const refreshToken = read('REFRESH_TOKEN')
  const clientId = read('CLIENT_ID')
  const clientSecret = read('CLIENT_SECRET')
  const tokenEndpoint = read('TOKEN_ENDPOINT')
  const missing = (name: string, why: string) =>
    new TokentrayError('inputInvalid', `The environment variable ${stem}_${name} is not set. ${why}.`)
  const grantKind: GrantKind = refreshToken
    ? 'refreshToken'
    : clientId && clientSecret
      ? 'clientCredentials'
      : 'staticToken'
  const broken = findBrokenRule({ grantKind, accessToken, refreshToken, clientId, clientSecret, tokenEndpoint })
  if (broken === 'refreshTokenNeedsEndpoint') throw missing('TOKEN_ENDPOINT', `${stem}_REFRESH_TOKEN requires it`)
  if (broken === 'secretNeedsClient') throw missing('CLIENT_ID', `${stem}_CLIENT_SECRET requires a client ID`)
  if (broken === 'tokenNeeded')
    throw missing('ACCESS_TOKEN', `Set it, or ${stem}_REFRESH_TOKEN, or ${stem}_CLIENT_ID with ${stem}_CLIENT_SECRET`)
  const audience = read('AUDIENCE')
  const scope = read('SCOPE')
  const expires = read('EXPIRES_AT')
  return {
    grantKind,
    keepExisting: true,
    ...(accessToken && { accessToken }),
    ...(refreshToken && { refreshToken }),
    ...(clientId && { clientId }),
    ...(clientSecret && { clientSecret }),
    ...(tokenEndpoint && { tokenEndpoint }),
    ...(audience && { params: { audience } }),
    ...(scope && { scope }),
    ...(expires && { expiresAt: parseTime(expires, `${stem}_EXPIRES_AT`) })
  }
}

/** A point in time as ms since the epoch: ISO 8601, or seconds or milliseconds since the epoch. */
function parseTime(text: string, name: string): number {
  const number = Number(text)
  const at = Number.isFinite(number) ? (number < 1e11 ? number * 1000 : number) : Date.parse(text)
  if (Number.isFinite(at)) return Math.round(at)
  throw new TokentrayError(
    'inputInvalid',
    `${name} is not a valid time. Use 2026-01-31T12:00:00Z, or seconds since 1970.`
  )
}
