// Computes a server's new settings and client secret from a change to them. Nothing is stored here.
// The present grant uses the changed client at once; but a key made just now is unknown to the server until the next sign-in.
import { Secret } from '../base/secret.ts'
import type { ParsedInput } from '../contract/commands.ts'
import { TokentrayError } from '../contract/errors.ts'
import { reasonsAfter, shellQuoted } from '../contract/quirks.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { checkServerUrl } from '../oauth/discovery.ts'
import { makeKey, readKey } from '../oauth/keys.ts'
import { changeOverrides } from '../settings/settings.ts'
import type { ServerChange } from '../vault/vault.ts'

type Change = ParsedInput<'server.set'>

/** @throws inputInvalid */
export function changeServer(old: ServerConfig, secret: Secret | null, change: Change): ServerChange {
  const {
    server: _,
    declineScopes: _declineScopes,
    schedule,
    reason,
    quirks = {},
    clientId,
    clientAuth,
    clientSecret,
    identityProviderSecret,
    ...fields
  } = change
  if ((change.assertion || change.identityProvider) && old.grantKind !== 'jwtBearer')
    throw new TokentrayError('inputInvalid', `${old.id} does not sign in with an assertion.`)
  if (change.issuer) checkServerUrl(change.issuer)
  const isOther = clientId !== undefined && clientId !== (old.clientId ?? null)
  const client = isOther
    ? otherClient(old, clientId, clientAuth, clientSecret)
    : changeClient(old, secret, clientAuth, clientSecret)
  const given = {
    ...fields,
    ...(fields.url !== undefined && { url: movedUrl(old, fields.url) }),
    ...(fields.name !== undefined && { isNamed: true }),
    // The scopes a person sets replace those that the server asked for since.
    ...(fields.scope !== undefined && { addedScope: null, wantedScope: null, declinedScope: null }),
    ...(client && { clientAuth: client.clientAuth }),
    ...(isOther && { clientId, clientIssuer: null })
  }
  // null takes a setting away.
  const left = Object.entries({ ...old, ...withoutAbsent(given) }).filter(([, value]) => value !== null)
  const config = {
    ...(Object.fromEntries(left) as ServerConfig),
    schedule: changeOverrides(old.schedule, schedule ?? {}),
    quirks: { ...old.quirks, ...quirks },
    quirkReasons: reasonsAfter(old.quirkReasons, quirks, reason)
  }
  return {
    config,
    ...(client && {
      clientSecret: client.secret,
      // A refresh token works only for the client it was issued to (RFC 6749 section 6): the new one is for the next sign-in.
      isForGrant: isOther
        ? old.grantKind !== 'authorizationCode'
        : client.clientAuth !== 'private_key_jwt' || Boolean(clientSecret),
      ...(isOther && clientId !== null && { grantClient: clientId })
    }),
    ...providerSecret(old, config, identityProviderSecret)
  }
}

/** Within the origin the sign-in goes on; elsewhere it would give this server's token to another one (RFC 8707 section 2). */
function movedUrl({ id, url }: ServerConfig, given: string): string {
  const to = checkServerUrl(given)
  if (to.origin === new URL(url).origin) return to.href
  throw new TokentrayError(
    'inputInvalid',
    `${to.origin} is not the server of ${id}, and its sign-in is not valid there. Add it and sign in: run "tokentray add ${shellQuoted(to.href)}".`
  )
}

/** A secret is never sent to another endpoint than the one it was given for. */
function providerSecret(
  { identityProvider: before }: ServerConfig,
  { id, identityProvider: after }: ServerConfig,
  given: string | undefined
): Pick<ServerChange, 'identityProviderSecret'> {
  if (given !== undefined && !after)
    throw new TokentrayError('inputInvalid', `${id} has no identity provider, so there is no secret to set.`)
  if (given !== undefined) return { identityProviderSecret: new Secret(given) }
  const isSame = before?.tokenEndpoint === after?.tokenEndpoint && before?.clientId === after?.clientId
  return isSame ? {} : { identityProviderSecret: null }
}

const withoutAbsent = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, it]) => it !== undefined))

type ClientChange = { clientAuth: NonNullable<Change['clientAuth']> | null; secret: Secret | null }

/** Another client needs its own secret and authentication method: the old client's secret is never sent with the new id. */
function otherClient(
  old: ServerConfig,
  clientId: string | null,
  method: Change['clientAuth'],
  given: string | undefined
): ClientChange {
  const { clientAuth: _, ...others } = old
  if (clientId !== null) return changeClient({ ...others, clientId }, null, method ?? null, given) as ClientChange
  if (old.grantKind !== 'authorizationCode' || method || given !== undefined)
    throw new TokentrayError('inputInvalid', `${old.id} needs its own client to sign in without a person.`)
  return { clientAuth: null, secret: null }
}

/** null: the change says nothing about the client. */
function changeClient(
  old: ServerConfig,
  secret: Secret | null,
  method: Change['clientAuth'],
  given: string | undefined
): ClientChange | null {
  if (method === undefined && given === undefined) return null
  if (old.clientId === undefined)
    throw new TokentrayError(
      'inputInvalid',
      `${old.id} does not use your own client, so there is no client setting to change.`
    )
  const clientAuth = method === undefined ? (old.clientAuth ?? null) : method
  const next = { clientAuth, secret: secretFor(clientAuth, old.clientAuth, secret, given) }
  const isNeeded = old.grantKind === 'clientCredentials' || clientAuth?.startsWith('client_secret')
  if (!next.secret && isNeeded)
    throw new TokentrayError('inputInvalid', `This client authenticates with a secret or a key. Set one for ${old.id}.`)
  return next
}

function secretFor(
  method: NonNullable<Change['clientAuth']> | null,
  before: ServerConfig['clientAuth'],
  secret: Secret | null,
  given: string | undefined
): Secret | null {
  const hadKey = before === 'private_key_jwt'
  if (method === 'private_key_jwt') return given === undefined ? (hadKey && secret) || makeKey() : readKey(given)
  if (method === 'none') return null
  if (given !== undefined) return new Secret(given)
  // The old secret is a private key, which must never be sent as a client secret.
  return hadKey ? null : secret
}
