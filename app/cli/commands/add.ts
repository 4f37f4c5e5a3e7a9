// `tokentray add`: a new server, with what it needs to get tokens, and its first sign-in.
// A server that needs a person is looked for first, so that a typing error leaves nothing behind, unless --keep says otherwise.
import type { Input } from '../../contract/commands.ts'
import { TokentrayError } from '../../contract/errors.ts'
import {
  type BrokenRule,
  findBrokenRule,
  type GivenSettings,
  grantKindOf,
  notFoundCodes,
  withScheme
} from '../../contract/newServer.ts'
import { shellQuoted } from '../../contract/quirks.ts'
import type { ServerView } from '../../contract/views.ts'
import { type Owner, withOwner } from '../../owner/withOwner.ts'
import { withAdvice } from '../advice.ts'
import { print, printJson, printNote } from '../output.ts'
import { offerProposals } from '../propose.ts'
import { readSecret, readText } from '../secrets.ts'
import { readSeed } from '../seed.ts'
import {
  type AssertionOptions,
  type CertificateOptions,
  checkUrl,
  readAssertion,
  readCertificate
} from '../sharedOptions.ts'
import { describeLine, fixClient, nextStep } from '../words.ts'
import { Interrupted, type World } from '../world.ts'
import { signIn } from './login.ts'

export type AddOptions = CertificateOptions &
  AssertionOptions & {
    id?: string
    name?: string
    clientId?: string
    clientSecretFile?: string
    scope?: string
    param?: Record<string, string>
    clientCredentials?: boolean
    privateKeyJwt?: boolean
    clientKeyFile?: string
    dpop?: 'on' | 'off'
    tokenFile?: string
    refreshTokenFile?: string
    tokenEndpoint?: string
    issuer?: string
    fromEnv?: string
    passThrough?: boolean
    redirectHost?: '127.0.0.1' | 'localhost'
    redirectPort?: number
    keep?: boolean
    login: boolean
    device?: boolean
    json?: boolean
  }

export async function add(world: World, typed: string, options: AddOptions): Promise<void> {
  const url = withScheme(typed)
  checkUrl(url)
  if (options.issuer) checkUrl(options.issuer)
  const grant = await readGrant(world, options)
  const input: Input<'server.add'> = { url, ...grant, ...readSettings(options) }
  if (grant.params || options.param) input.params = { ...grant.params, ...options.param }
  const clientCertificate = readCertificate(options)
  if (clientCertificate) input.clientCertificate = clientCertificate
  // What comes with its own credentials is for a machine, which must come up before its servers do.
  const needsPerson = (grant.grantKind ?? 'authorizationCode') === 'authorizationCode'
  const isKept = needsPerson && options.keep === true
  const isLookedFor = needsPerson && !isKept
  await withOwner(world, async (owner) => {
    if (isLookedFor) input.url = await findUrl(owner, input, typed.trim())
    if (!isKept && input.url !== typed.trim()) printNote(world, `Using ${input.url}.`)
    const added = await advised(owner, input, () => owner.call('server.add', input))
    const { id } = added.view
    const waits = input.clientAuth === 'private_key_jwt' && !input.clientSecret
    const isAsked = options.login && !options.passThrough && !waits && !isKept
    const view = isAsked && !added.existed ? await firstToken(world, owner, added.view, input, options) : added.view
    if (added.existed) printNote(world, `${id} already exists. Its tokens in the vault were kept.`)
    else if (isKept) printNote(world, `Kept, without checking its URL. Sign in later with tokentray login ${id}.`)
    else printNote(world, isLookedFor ? `Added ${id}.` : `Added ${id}, without checking its URL.`)
    if (waits)
      printNote(world, `Register its public key at the server (tokentray keys ${id}), then run tokentray login ${id}.`)
    if (options.json) printJson(world, { view, existed: added.existed })
    else print(world, describeLine(view, world.clock.now()))
    if (!options.json) for (const warning of view.warnings) printNote(world, `tokentray: ${warning}`)
  })
}

/** The URL of the server that was found. Rejects where none was, saying how to add it all the same. */
async function findUrl(owner: Owner, input: Input<'server.add'>, typed: string) {
  const { url, id, name, clientCertificate } = input
  const wanted = { url, ...(id && { id }), ...(name && { name }), ...(clientCertificate && { clientCertificate }) }
  try {
    return (await advised(owner, input, () => owner.call('server.find', wanted))).url
  } catch (error) {
    if (!(error instanceof TokentrayError) || !notFoundCodes.has(error.code)) throw error
    // A word without a dot can be a host of the local network, so it is only judged where no host has that name.
    if (/^[a-z0-9-]+$/i.test(typed) && /\b(ENOTFOUND|EAI_AGAIN)\b/.test(error.message))
      throw new TokentrayError(
        'urlInvalid',
        `${typed} is not a URL. Enter one, for example https://mcp.linear.app/mcp.`
      )
    throw withAdvice(error, 'Nothing was added. To add it anyway, run the same command with --keep.')
  }
}

/** Does `call`; where another server has this URL, its rejection also says what to run. */
async function advised<Result>(owner: Owner, { url }: Input<'server.add'>, call: () => Promise<Result>) {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof TokentrayError) || error.code !== 'serverExists') throw error
    const { servers } = await owner.call('snapshot', {})
    // The server may have been found below the URL that was typed.
    const same = servers.find((view) => view.url === url || error.message.startsWith(`${view.id} already has`))
    if (!same) throw withAdvice(error, 'To add another account, choose another name with --name.')
    const toSignIn = nextStep({ ...same, action: 'signIn' })
    throw withAdvice(
      error,
      `To sign in to it, run ${toSignIn}. To add another account, run tokentray add ${shellQuoted(same.url)} --name NAME.`
    )
  }
}

/**
 * Gets the first token in the way of this grant; a pasted refresh token is tried at once, so that a typo shows now. Whatever it
 * fails with, the server was added, and its rejection says how to go on.
 */
async function firstToken(
  world: World,
  owner: Owner,
  view: ServerView,
  input: Input<'server.add'>,
  { device = false }: AddOptions
): Promise<ServerView> {
  if (input.accessToken || view.grantKind === 'staticToken') return view
  try {
    if (view.grantKind === 'refreshToken') return (await owner.call('server.refresh', { server: view.id })).view
    await offerProposals(world, owner, view)
    return await signIn(world, owner, view.id, { device })
  } catch (error) {
    const remedy =
      view.grantKind === 'refreshToken'
        ? `To try again, run tokentray refresh ${view.id}.`
        : error instanceof TokentrayError && error.code === 'clientRefused' && view.ownClient
          ? `To fix its client, run ${fixClient(view.id)}.`
          : `To sign in, run tokentray login ${view.id}.`
    const sentence = `${view.id} was added, but has no token yet. ${remedy} To remove it, run tokentray remove ${view.id}.`
    // What was cancelled has been told already.
    if (error instanceof Interrupted) printNote(world, sentence)
    throw error instanceof TokentrayError ? withAdvice(error, sentence) : error
  }
}

/** The rules that options can break; any other is worded by the owner. */
const sentences: Partial<Record<BrokenRule, string>> = {
  keyNeedsClient: 'A client with a key requires --client-id.',
  secretNeedsClient: '--client-secret-file requires --client-id, the client it belongs to.',
  clientCredentialsNeedClient:
    '--client-credentials requires --client-id and --client-secret-file, or a key (--private-key-jwt).',
  clientCredentialsExcludeTokens:
    '--client-credentials requests its own tokens. Leave out --token-file and --refresh-token-file.',
  assertionNeedsClient: 'An assertion is sent by a client. Add its --client-id.',
  assertionExcludesOthers:
    'An assertion requests its own tokens. Leave out --client-credentials and the token options.',
  refreshTokenNeedsEndpoint: '--refresh-token-file requires --token-endpoint, the URL where it is used.'
}

async function readGrant(world: World, options: AddOptions): Promise<Partial<Input<'server.add'>>> {
  const { clientSecretFile, tokenFile, refreshTokenFile, fromEnv } = options
  const assertionSource = options.assertionFile || options.assertionCommand
  const files = [
    clientSecretFile,
    options.clientKeyFile,
    tokenFile,
    refreshTokenFile,
    options.identityProviderSecretFile
  ]
  if (files.filter((file) => file === '-').length > 1)
    throw invalid('Only one secret can be read from stdin. Put the others into files.')
  if (fromEnv) {
    if (files.some(Boolean) || options.clientCredentials)
      throw invalid('--from-env reads the secrets itself. Leave out --client-credentials and the --…-file options.')
    return readSeed(world.env, fromEnv)
  }
  const signs = Boolean(options.privateKeyJwt || options.clientKeyFile)
  if (signs && clientSecretFile) throw invalid('A client has either a secret or a key. Leave out one of the two.')
  const given: GivenSettings = {
    grantKind: options.clientCredentials ? 'clientCredentials' : assertionSource ? 'jwtBearer' : undefined,
    clientAuth: signs ? 'private_key_jwt' : undefined,
    clientId: options.clientId,
    clientSecret: clientSecretFile,
    accessToken: tokenFile,
    refreshToken: refreshTokenFile,
    tokenEndpoint: options.tokenEndpoint,
    assertion: assertionSource
  }
  const broken = findBrokenRule(given)
  const sentence = broken && sentences[broken]
  if (sentence) throw invalid(sentence)
  const assertion = await readAssertion(world, options)
  if (options.tokenEndpoint) checkUrl(options.tokenEndpoint)
  const clientSecret = options.clientKeyFile
    ? await readText(world, options.clientKeyFile, 'private key')
    : clientSecretFile && (await readSecret(world, clientSecretFile, 'client secret'))
  const accessToken = tokenFile && (await readSecret(world, tokenFile, 'access token'))
  const refreshToken = refreshTokenFile && (await readSecret(world, refreshTokenFile, 'refresh token'))
  return {
    grantKind: grantKindOf(given),
    ...(signs && { clientAuth: 'private_key_jwt' as const }),
    ...assertion,
    ...(options.dpop && { dpop: options.dpop === 'on' }),
    ...(clientSecret && { clientSecret }),
    ...(accessToken && { accessToken }),
    ...(refreshToken && { refreshToken })
  }
}

function readSettings(options: AddOptions): Partial<Input<'server.add'>> {
  const { id, name, clientId, scope, tokenEndpoint, issuer, redirectHost, redirectPort } = options
  return {
    ...(id && { id }),
    ...(name && { name }),
    ...(clientId && { clientId }),
    ...(scope && { scope }),
    ...(tokenEndpoint && { tokenEndpoint }),
    ...(issuer && { issuer }),
    ...(redirectHost && { redirectHost }),
    ...(options.passThrough && { mode: 'passThrough' as const }),
    ...(redirectPort && { redirectPort })
  }
}

function invalid(message: string): TokentrayError {
  return new TokentrayError('inputInvalid', message)
}
