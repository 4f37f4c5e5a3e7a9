// How to register an OAuth client of one's own: the provider's steps, the exact redirect URI to enter, what to copy back.
// The provider is recognised by the server's host; otherwise the person chooses it.
import { useEffect, useState } from 'react'
import type { Provider } from '../app/providers/provider.ts'
import { providerOf, providers } from '../app/providers/providers.ts'
import { Choice } from './Choice.tsx'
import { CopyLine, Field, isPort, redirectAddress, SecretField } from './controls.tsx'
import { hostOf } from './ServerList.tsx'
import { addWords } from './words/addServer.ts'

const text = addWords
export type Redirect = { redirectHost: string; port: string }

function Source({ provider }: { provider: Provider }) {
  return (
    <p className="help">
      {text.trust[provider.trust]}{' '}
      {provider.page && (
        <a href={provider.page} target="_blank" rel="noreferrer">
          {text.source(hostOf(provider.page))}
        </a>
      )}
    </p>
  )
}

export function OwnClientSteps({
  url,
  redirect,
  onChange
}: {
  url: string
  redirect: Redirect
  onChange: (redirect: Partial<Redirect>) => void
}) {
  const recognised = providerOf(hostOf(url.trim()))
  const [chosen, setChosen] = useState('')
  const provider = providers.find(({ id }) => id === chosen) ?? recognised
  const host = provider?.redirectHost
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another provider changes the host, not each keystroke
  useEffect(() => {
    if (host) onChange({ redirectHost: host })
  }, [host])
  return (
    <>
      <div className="field">
        <label htmlFor="provider">{text.provider}</label>
        <select id="provider" value={provider?.id ?? ''} onChange={(event) => setChosen(event.target.value)}>
          <option value="">{text.otherProvider}</option>
          {providers.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </div>
      {provider ? (
        <div className="howTo">
          <ol>
            {provider.steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
          <Source provider={provider} />
        </div>
      ) : (
        <p className="howTo">{text.providerSteps}</p>
      )}
      <CopyLine label={text.redirect} text={redirectAddress(redirect.redirectHost, redirect.port)} />
      <div className="grid">
        <Choice
          label={text.redirectHost}
          value={redirect.redirectHost}
          onChange={(redirectHost) => onChange({ redirectHost })}
          options={['127.0.0.1', 'localhost'].map((value) => ({ value, text: value }))}
        />
        <Field
          label={text.port}
          inputMode="numeric"
          value={redirect.port}
          onChange={(port) => onChange({ port })}
          error={isPort(redirect.port) ? undefined : text.portWrong}
        />
      </div>
    </>
  )
}

/** How the client proves itself: by a secret, or by a key that Tokentray makes (`way` is a key of `addWords.clientAuths`). */
export function ClientProof({
  way,
  onWay,
  secret,
  onSecret,
  isRequired = false
}: {
  way: string
  onWay: (way: string) => void
  secret: string
  onSecret: (secret: string) => void
  /** Whether a secret must be given. */
  isRequired?: boolean
}) {
  return (
    <>
      <Choice
        label={text.clientAuth}
        value={way}
        onChange={onWay}
        options={Object.entries(text.clientAuths).map(([value, text]) => ({ value, text }))}
      />
      {way === 'key' ? (
        <p className="help">{text.keyHelp}</p>
      ) : (
        <SecretField
          label={isRequired ? text.clientSecret : text.clientSecretOptional}
          value={secret}
          onChange={onSecret}
          isRequired={isRequired}
        />
      )}
    </>
  )
}
