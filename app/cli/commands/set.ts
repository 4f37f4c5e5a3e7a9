// `tokentray set`: changes the settings of a server, or replaces a token or a secret that was given by hand.
// Only what is named changes. A secret comes from a file or stdin, never from an argument.
import type { Input } from '../../contract/commands.ts'
import { parseDuration } from '../../contract/duration.ts'
import { TokentrayError } from '../../contract/errors.ts'
import type { ClientAuthMethod } from '../../contract/serverConfig.ts'
import { withOwner } from '../../owner/withOwner.ts'
import { printNote } from '../output.ts'
import { printView } from '../printView.ts'
import { readSecret, readText } from '../secrets.ts'
import { type AssertionOptions, type CertificateOptions, readAssertion, readCertificate } from '../sharedOptions.ts'
import type { World } from '../world.ts'

/** The options of `set` that hold durations, by field of the schedule. */
export const durations = {
  refreshMargin: 'refresh this long before a token expires',
  floor: 'minimum time between two attempts',
  backoffFirst: 'wait after the first failure',
  backoffMax: 'longest wait between attempts',
  fixRetry: 'how often to retry while the server rejects the settings',
  retryAfterMax: 'longest wait a server may ask for (Retry-After)',
  guessedLifetime: 'assumed lifetime if the server does not say',
  refreshTokenMargin: 'refresh this long before the refresh token itself expires'
} as const

/** The options of `set` that hold parts of a lifetime, 0 to 1. */
export const fractions = {
  refreshFraction: 'refresh after this share of the lifetime, such as 0.8',
  earliestFraction: 'never before this share of the lifetime, such as 0.5',
  jitter: 'refresh earlier at random, by up to this share of the lifetime, such as 0.05'
} as const

export type SetOptions = { json?: boolean } & CertificateOptions &
  AssertionOptions & {
    dpop?: 'on' | 'off' | 'auto'
    clientId?: string
    clientAuth?: ClientAuthMethod | 'auto'
    clientSecretFile?: string
    clientKeyFile?: string
    name?: string
    url?: string
    scope?: string
    defaultScope?: boolean
    param?: Record<string, string>
    redirectHost?: '127.0.0.1' | 'localhost'
    redirectPort?: number | 'any'
    issuer?: string
    declineScopes?: boolean
    tokenFile?: string
    refreshTokenFile?: string
    passThrough?: 'on' | 'off'
    omitResource?: 'on' | 'off'
    allowMissingPkce?: 'on' | 'off'
    acceptIssuerSlash?: 'on' | 'off'
    allowPrivateAddresses?: 'on' | 'off'
    signInAnyway?: 'on' | 'off'
    acceptIssuer?: string
    allowMissingIss?: string
    reason?: string
    /** Fields of the schedule that follow the general setting again. */
    default?: (keyof typeof durations | keyof typeof fractions)[]
  } & { [K in keyof typeof durations | keyof typeof fractions]?: string }

export async function set(world: World, server: string, options: SetOptions): Promise<void> {
  const { tokenFile, refreshTokenFile } = options
  const files = [tokenFile, refreshTokenFile, options.clientSecretFile, options.clientKeyFile]
  if ([...files, options.identityProviderSecretFile].filter((file) => file === '-').length > 1)
    throw new TokentrayError('inputInvalid', 'Only one secret can be read from stdin. Put the others into files.')
  const schedule = readSchedule(options)
  const quirks = {
    ...(options.omitResource && { omitResource: options.omitResource === 'on' }),
    ...(options.allowMissingPkce && { allowMissingPkceMetadata: options.allowMissingPkce === 'on' }),
    ...(options.acceptIssuerSlash && { acceptIssuerSlash: options.acceptIssuerSlash === 'on' }),
    ...(options.allowPrivateAddresses && { allowPrivateAddresses: options.allowPrivateAddresses === 'on' }),
    ...(options.signInAnyway && { signInAnyway: options.signInAnyway === 'on' }),
    ...(options.acceptIssuer && { acceptIssuer: readIssuer(options.acceptIssuer) }),
    ...(options.allowMissingIss && { allowMissingIss: readIssuer(options.allowMissingIss) })
  }
  const { name, param, redirectHost, defaultScope } = options
  const clientCertificate = readCertificate(options)
  const changes: Omit<Input<'server.set'>, 'server'> = {
    ...(await readAssertion(world, options)),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(options.dpop && { dpop: options.dpop === 'auto' ? null : options.dpop === 'on' }),
    ...(options.clientId !== undefined && { clientId: options.clientId === 'none' ? null : options.clientId }),
    ...(options.clientAuth && { clientAuth: options.clientAuth === 'auto' ? null : options.clientAuth }),
    ...(await readClientSecret(world, options)),
    ...(name && { name }),
    ...(options.url !== undefined && { url: options.url }),
    ...(options.scope !== undefined && { scope: options.scope }),
    ...(defaultScope && { scope: null }),
    ...(param && { params: param }),
    ...(redirectHost && { redirectHost }),
    ...(options.declineScopes && { declineScopes: true as const }),
    ...(options.issuer && { issuer: options.issuer === 'none' ? null : options.issuer }),
    ...(options.passThrough && { mode: options.passThrough === 'on' ? 'passThrough' : 'token' }),
    ...(options.redirectPort !== undefined && {
      redirectPort: options.redirectPort === 'any' ? null : options.redirectPort
    }),
    ...(Object.keys(quirks).length > 0 && { quirks, ...(options.reason && { reason: options.reason }) }),
    ...(Object.keys(schedule).length > 0 && { schedule })
  }
  const isSetting = Object.keys(changes).length > 0
  if (!isSetting && !tokenFile && !refreshTokenFile)
    throw new TokentrayError('inputInvalid', 'No setting was given. Run tokentray set --help to see the settings.')
  const accessToken = tokenFile && (await readSecret(world, tokenFile, 'access token'))
  const refreshToken = refreshTokenFile && (await readSecret(world, refreshTokenFile, 'refresh token'))
  const given = { ...(accessToken && { accessToken }), ...(refreshToken && { refreshToken }) }
  const outcome = await withOwner(world, async (owner) => {
    const set = isSetting ? await owner.call('server.set', { server, ...changes }) : null
    return set && !accessToken && !refreshToken ? set : owner.call('server.giveToken', { server, ...given })
  })
  if (outcome.view.hasKeys && options.clientAuth)
    printNote(
      world,
      `To see its public key, which you must register at the server, run tokentray keys ${outcome.view.id}`
    )
  printView(world, outcome, options)
}

/** An exception is for exactly one issuer, so that another one that the server names later does not get it. */
function readIssuer(text: string): string | false {
  if (text === 'on') throw new TokentrayError('inputInvalid', 'Name the issuer that the exception is for.')
  return text === 'off' ? false : text
}

/** A client's new secret, or its key, which says by itself how the client is to authenticate. */
async function readClientSecret(
  world: World,
  { clientAuth, clientSecretFile, clientKeyFile }: SetOptions
): Promise<Pick<Input<'server.set'>, 'clientAuth' | 'clientSecret'>> {
  if (clientSecretFile && clientKeyFile)
    throw new TokentrayError('inputInvalid', 'A client has either a secret or a key. Leave out one of the two.')
  if (clientKeyFile && clientAuth && clientAuth !== 'private_key_jwt')
    throw new TokentrayError('inputInvalid', 'A key requires --client-auth private_key_jwt.')
  if (clientKeyFile)
    return { clientAuth: 'private_key_jwt', clientSecret: await readText(world, clientKeyFile, 'private key') }
  return clientSecretFile ? { clientSecret: await readSecret(world, clientSecretFile, 'client secret') } : {}
}

function readSchedule(options: SetOptions): NonNullable<Input<'server.set'>['schedule']> {
  const schedule: Record<string, number | null> = {}
  for (const field of options.default ?? []) {
    if (options[field] !== undefined)
      throw new TokentrayError('inputInvalid', `${field} is both set and reset to its default. Choose one.`)
    schedule[field] = null
  }
  for (const field of Object.keys(durations) as (keyof typeof durations)[])
    if (options[field] !== undefined) schedule[field] = parseDuration(options[field])
  for (const field of Object.keys(fractions) as (keyof typeof fractions)[]) {
    const text = options[field]
    if (text === undefined) continue
    const part = Number(text)
    if (text.trim() === '' || !(part >= 0 && part <= 1))
      throw new TokentrayError(
        'inputInvalid',
        `"${text}" is not a share of the lifetime. Enter a number from 0 to 1, such as 0.8.`
      )
    schedule[field] = part
  }
  return schedule
}
