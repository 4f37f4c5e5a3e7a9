// Settings that few servers need: pass-through, bound tokens (DPoP), client authentication, certificates, assertions.
// Paths of files can be entered in the desktop window only; in a browser the section says so.
import type { Input } from '../app/contract/commands.ts'
import type { ServerView } from '../app/contract/views.ts'
import { Choice } from './Choice.tsx'
import { Field, SecretField } from './controls.tsx'
import { door } from './door.ts'
import { advancedWords } from './words/serverSettings.ts'

const text = advancedWords

export type AdvancedTyped = {
  mode: ServerView['mode']
  dpop: 'auto' | 'on' | 'off'
  clientAuth: NonNullable<ServerView['clientAuth']> | 'auto'
  clientId: string
  clientSecret: string
  certificateFile: string
  certificateKeyFile: string
  assertionFile: string
  identityProvider: string
  identityProviderClient: string
  identityProviderSecret: string
}
type Change = Omit<Input<'server.set'>, 'server'>
type Set = (part: Partial<AdvancedTyped>) => void
export type Errors = { certificate?: string; identityProvider?: string }

/** Whether files can be named here. */
export const namesFiles = door.platform === 'window'

export const noneAdvanced: AdvancedTyped = {
  mode: 'token',
  dpop: 'auto',
  clientAuth: 'auto',
  clientId: '',
  clientSecret: '',
  certificateFile: '',
  certificateKeyFile: '',
  assertionFile: '',
  identityProvider: '',
  identityProviderClient: '',
  identityProviderSecret: ''
}

/** What these settings are now; no secret, and no file that a page is not told of. */
export const advancedOf = (view: ServerView): AdvancedTyped => ({
  ...noneAdvanced,
  mode: view.mode,
  dpop: view.dpop === undefined ? 'auto' : view.dpop ? 'on' : 'off',
  clientAuth: view.clientAuth ?? 'auto',
  certificateFile: view.certificateFile ?? '',
  identityProvider: view.identityProvider?.tokenEndpoint ?? '',
  identityProviderClient: view.identityProvider?.clientId ?? ''
})

/** The settings to send of what was typed, and what is wrong with it. */
export function readAdvanced(
  old: AdvancedTyped,
  typed: Partial<AdvancedTyped>
): { change: Change; errors: Errors | null } {
  const now = { ...old, ...typed }
  const isChanged = (...names: (keyof AdvancedTyped)[]) => names.some((name) => now[name].trim() !== old[name])
  const certificate = readPair(now.certificateFile, now.certificateKeyFile)
  const provider = readPair(now.identityProvider, now.identityProviderClient)
  const hasCertificate = isChanged('certificateFile', 'certificateKeyFile')
  const hasProvider = isChanged('identityProvider', 'identityProviderClient')
  const errors: Errors = {
    ...(hasCertificate && certificate === undefined && { certificate: text.certificateWrong }),
    ...(hasProvider && provider === undefined && { identityProvider: text.identityProviderWrong })
  }
  const change: Change = {
    ...(isChanged('mode') && { mode: now.mode }),
    ...(isChanged('dpop') && { dpop: now.dpop === 'auto' ? null : now.dpop === 'on' }),
    ...(isChanged('clientAuth') && { clientAuth: now.clientAuth === 'auto' ? null : now.clientAuth }),
    ...(now.clientId.trim() && { clientId: now.clientId.trim() }),
    ...(now.clientSecret.trim() && { clientSecret: now.clientSecret.trim() }),
    ...(hasCertificate &&
      certificate !== undefined && {
        clientCertificate: certificate && { certificateFile: certificate[0], keyFile: certificate[1] }
      }),
    ...(now.assertionFile.trim() && { assertion: { file: now.assertionFile.trim() } }),
    ...(now.identityProviderSecret.trim() && { identityProviderSecret: now.identityProviderSecret.trim() }),
    ...(hasProvider &&
      provider !== undefined && { identityProvider: provider && { tokenEndpoint: provider[0], clientId: provider[1] } })
  }
  return { change, errors: Object.keys(errors).length > 0 ? errors : null }
}

/** Two fields that belong together: null where both are empty, undefined where one is. */
function readPair(one: string, other: string): [string, string] | null | undefined {
  if (!one.trim() && !other.trim()) return null
  return one.trim() && other.trim() ? [one.trim(), other.trim()] : undefined
}

export function BoundTokens({ value, onChange }: { value: AdvancedTyped['dpop']; onChange: Set }) {
  return (
    <Choice
      label={text.dpop}
      help={text.dpopHelp}
      value={value}
      onChange={(dpop) => onChange({ dpop: dpop as AdvancedTyped['dpop'] })}
      options={(['auto', 'on', 'off'] as const).map((value) => ({ value, text: text.dpopWays[value] }))}
    />
  )
}

export function Certificate({
  value,
  error,
  onChange
}: {
  value: Pick<AdvancedTyped, 'certificateFile' | 'certificateKeyFile'>
  error?: string | undefined
  onChange: Set
}) {
  return (
    <div className="grid">
      <Field
        label={text.certificateFile}
        help={text.certificateHelp}
        value={value.certificateFile}
        onChange={(certificateFile) => onChange({ certificateFile })}
        error={error}
      />
      <Field
        label={text.certificateKeyFile}
        value={value.certificateKeyFile}
        onChange={(certificateKeyFile) => onChange({ certificateKeyFile })}
      />
    </div>
  )
}

export function Assertion({
  value,
  from,
  error,
  onChange
}: {
  value: Pick<AdvancedTyped, 'assertionFile' | 'identityProvider' | 'identityProviderClient' | 'identityProviderSecret'>
  /** Where it is found so far. */
  from?: string | undefined
  error?: string | undefined
  onChange: Set
}) {
  return (
    <>
      <Field
        label={text.assertionFile}
        help={from ? text.assertionFrom(from) : text.assertionHelp}
        value={value.assertionFile}
        onChange={(assertionFile) => onChange({ assertionFile })}
        isRequired={!from}
      />
      <div className="grid">
        <Field
          label={text.identityProvider}
          help={text.identityProviderHelp}
          value={value.identityProvider}
          onChange={(identityProvider) => onChange({ identityProvider })}
          error={error}
        />
        <Field
          label={text.identityProviderClient}
          value={value.identityProviderClient}
          onChange={(identityProviderClient) => onChange({ identityProviderClient })}
        />
      </div>
      {value.identityProvider && (
        <SecretField
          label={text.identityProviderSecret}
          value={value.identityProviderSecret}
          onChange={(identityProviderSecret) => onChange({ identityProviderSecret })}
        />
      )}
    </>
  )
}

/** All of it for a server that is there. */
export function Advanced({
  view,
  typed,
  errors,
  onChange
}: {
  view: ServerView
  typed: Partial<AdvancedTyped>
  errors: Errors
  onChange: Set
}) {
  const now = { ...advancedOf(view), ...typed }
  const takesSecret = now.clientAuth !== 'none' && now.clientAuth !== 'private_key_jwt'
  return (
    <>
      <Choice
        label={text.mode}
        value={now.mode}
        onChange={(mode) => onChange({ mode: mode as AdvancedTyped['mode'] })}
        options={(['token', 'passThrough'] as const).map((value) => ({ value, ...text.modes[value] }))}
      />
      {view.grantKind !== 'staticToken' && <BoundTokens value={now.dpop} onChange={onChange} />}
      {view.ownClient && (
        <Choice
          label={text.clientAuth}
          help={now.clientAuth === 'private_key_jwt' ? text.keyHelp : text.clientAuthHelp}
          value={now.clientAuth}
          onChange={(clientAuth) => onChange({ clientAuth: clientAuth as AdvancedTyped['clientAuth'] })}
          options={Object.entries(text.clientAuths).map(([value, text]) => ({ value, text }))}
        />
      )}
      {view.grantKind !== 'staticToken' && (
        <Field
          label={text.clientId}
          help={text.clientIdHelp}
          value={now.clientId}
          onChange={(clientId) => onChange({ clientId })}
        />
      )}
      {(view.ownClient || now.clientId !== '') && takesSecret && (
        <SecretField
          label={text.clientSecret}
          value={now.clientSecret}
          onChange={(clientSecret) => onChange({ clientSecret })}
        />
      )}
      {namesFiles ? (
        <>
          {view.grantKind === 'jwtBearer' && (
            <Assertion value={now} from={view.assertionFrom} error={errors.identityProvider} onChange={onChange} />
          )}
          <Certificate value={now} error={errors.certificate} onChange={onChange} />
        </>
      ) : (
        <p className="help">{text.filesElsewhere}</p>
      )}
    </>
  )
}
