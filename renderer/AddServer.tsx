// The page for adding a server: usually its URL is enough; the other ways are for servers where no client can be registered.
// Secrets are sent once, with the command, and their fields are cleared at once, so that none stays on the page.
import { useState } from 'react'
import type { Input } from '../app/contract/commands.ts'
import { notFoundCodes, withScheme } from '../app/contract/newServer.ts'
import {
  type Errors as AdvancedErrors,
  type AdvancedTyped,
  Assertion,
  BoundTokens,
  Certificate,
  namesFiles,
  noneAdvanced,
  readAdvanced
} from './Advanced.tsx'
import { explain, say } from './actions.ts'
import { Choice } from './Choice.tsx'
import { Field, isPort, Page, Push, SecretField } from './controls.tsx'
import { door } from './door.ts'
import { Fold } from './Fold.tsx'
import { Form } from './Form.tsx'
import { ClientProof, OwnClientSteps } from './OwnClient.tsx'
import { beginSignIn, noteAdded } from './signIns.ts'
import { go, type Way } from './store.ts'
import { actionWords } from './words/actions.ts'
import { addWords } from './words/addServer.ts'
import { advancedWords } from './words/serverSettings.ts'

const text = addWords
const ways = (Object.keys(text.ways) as Way[]).filter((way) => way !== 'assertion' || namesFiles)
const empty = {
  name: '',
  clientId: '',
  clientSecret: '',
  scope: '',
  accessToken: '',
  refreshToken: '',
  tokenEndpoint: '',
  port: '41414',
  redirectHost: '127.0.0.1',
  clientAuth: 'secret'
}
type Typed = typeof empty
const secrets = { clientSecret: '', accessToken: '', refreshToken: '' }

/** Which fields each way has, in their order. */
const fields: Record<Way, (keyof Typed)[]> = {
  browser: [],
  ownClient: ['clientId', 'clientSecret'],
  clientCredentials: ['clientId', 'clientSecret', 'tokenEndpoint'],
  assertion: ['clientId', 'clientSecret', 'tokenEndpoint'],
  staticToken: ['accessToken'],
  refreshToken: ['refreshToken', 'tokenEndpoint', 'clientId', 'clientSecret']
}

/** Ways without credentials of their own: their server is looked for before it is added. */
const isLookedFor = (way: Way) => way === 'browser' || way === 'ownClient'
const isByHand = (way: Way) => way === 'staticToken' || way === 'refreshToken'
/** Whether its client signs with a key, which the server must be given before anybody can sign in. */
const signs = (way: Way, typed: Typed) =>
  typed.clientAuth === 'key' && fields[way].includes('clientSecret') && !isByHand(way)

function inputFrom(url: string, way: Way, typed: Typed, advanced: Input<'server.set'> | object): Input<'server.add'> {
  const given: Record<string, unknown> = { url: withScheme(url), ...advanced }
  const isKeyed = signs(way, typed)
  for (const field of ['name', ...fields[way]] as const)
    if (typed[field].trim() && !(isKeyed && field === 'clientSecret')) given[field] = typed[field].trim()
  if (isKeyed) given.clientAuth = 'private_key_jwt'
  if (typed.scope.trim() && way !== 'staticToken') given.scope = typed.scope.trim()
  if (way === 'ownClient') {
    given.redirectHost = typed.redirectHost
    given.redirectPort = Number(typed.port)
  }
  if (way === 'clientCredentials') given.grantKind = 'clientCredentials'
  if (way === 'assertion') given.grantKind = 'jwtBearer'
  return given as Input<'server.add'>
}

/** The core says what else may be wrong with it. */
const isUrl = (typed: string) =>
  !/\s/.test(typed.trim()) && /^https?:/i.test(URL.parse(withScheme(typed))?.protocol ?? '')

const placeOf = ({ url, name, clientCertificate }: Input<'server.add'>): Input<'server.find'> => ({
  url,
  ...(name && { name }),
  ...(clientCertificate && { clientCertificate })
})

export default function AddServer(initial: { url: string; way: Way }) {
  const [url, setUrl] = useState(initial.url)
  const [way, setWay] = useState<Way>(initial.way)
  const [typed, setTyped] = useState(empty)
  const [pending, setPending] = useState(false)
  const [error, setError] = useState<{ text: string; code: string } | null>(null)
  const set = (field: keyof Typed) => (value: string) => setTyped((old) => ({ ...old, [field]: value }))
  const [advanced, setAdvanced] = useState(noneAdvanced)
  const [wrong, setWrong] = useState<AdvancedErrors>({})
  const setPart = (part: Partial<AdvancedTyped>) => setAdvanced((old) => ({ ...old, ...part }))
  const portIsWrong = !isPort(typed.port)

  const add = async ({ keep = false } = {}) => {
    const { change, errors } = readAdvanced(noneAdvanced, isByHand(way) ? {} : advanced)
    setWrong(errors ?? {})
    if (errors || pending || !url.trim() || (way === 'ownClient' && portIsWrong)) return
    setPending(true)
    setError(null)
    const input = inputFrom(url, way, typed, change)
    try {
      const isFound = isLookedFor(way) && !keep
      if (isFound) input.url = (await door.call('server.find', placeOf(input))).url
      setTyped((old) => ({ ...old, ...secrets }))
      setPart({ identityProviderSecret: '' })
      const { view } = await door.call('server.add', input)
      noteAdded(view.id)
      if (isFound && input.url !== url.trim()) say(text.using(input.url))
      if (isByHand(way) || signs(way, typed)) {
        say(isFound ? text.added(view.name) : text.addedUnchecked(view.name))
        go({ name: 'server', id: view.id, part: null })
      } else if (keep) {
        say(text.kept(view.name))
        go({ name: 'list' })
      } else if (view.proposals.length > 0) go({ name: 'signIn', id: view.id })
      else await beginSignIn(view.id)
    } catch (thrown) {
      setError(explain(thrown))
    } finally {
      setPending(false)
    }
  }

  const canKeep = error !== null && isLookedFor(way) && notFoundCodes.has(error.code)

  const plain = (field: 'clientId' | 'tokenEndpoint', label: string, help?: string, isRequired = true) => (
    <Field
      key={field}
      label={label}
      help={help}
      value={typed[field]}
      onChange={set(field)}
      isRequired={isRequired}
      {...(field === 'tokenEndpoint' && { type: 'url' })}
    />
  )
  const secret = (field: keyof typeof secrets, label: string, isRequired = true) => (
    <SecretField key={field} label={label} value={typed[field]} onChange={set(field)} isRequired={isRequired} />
  )
  const client = (isRequired: boolean) => (
    <ClientProof
      way={typed.clientAuth}
      onWay={set('clientAuth')}
      secret={typed.clientSecret}
      onSecret={set('clientSecret')}
      isRequired={isRequired}
    />
  )

  return (
    <Page title={text.title}>
      <Form onSend={() => add()}>
        <p className="lead">{text.lead}</p>
        <Field
          label={text.url}
          inputMode="url"
          validate={(typed) => (typed === '' || isUrl(typed) ? null : text.urlInvalid)}
          value={url}
          onChange={setUrl}
          placeholder={text.placeholder}
          isRequired
        />
        <div role="alert" className="part">
          {error && (
            <div className="state red">
              <div>
                <strong>{error.text}</strong>
                {canKeep && <p>{text.notAdded}</p>}
              </div>
            </div>
          )}
        </div>
        <Fold title={text.other} level={2} isForm defaultExpanded={way !== 'browser'}>
          <Choice
            label={text.way}
            value={way}
            onChange={(value) => setWay(value as Way)}
            options={ways.map((value) => ({ value, text: text.ways[value], help: text.waysHelp[value] }))}
          />
          {way === 'staticToken' && <p className="note">{text.staticWarning}</p>}
          {way === 'refreshToken' && <p className="note">{text.refreshWarning}</p>}
          {way === 'ownClient' && (
            <>
              <OwnClientSteps
                url={url}
                redirect={typed}
                onChange={(redirect) => setTyped((old) => ({ ...old, ...redirect }))}
              />
              {plain('clientId', text.clientId)}
              {client(false)}
            </>
          )}
          {(way === 'clientCredentials' || way === 'assertion') && (
            <>
              {plain('clientId', text.clientId)}
              {client(way === 'clientCredentials')}
              {way === 'assertion' && <Assertion value={advanced} error={wrong.identityProvider} onChange={setPart} />}
              {plain('tokenEndpoint', text.tokenEndpointOptional, undefined, false)}
            </>
          )}
          {way === 'staticToken' && secret('accessToken', text.accessToken)}
          {way === 'refreshToken' && (
            <>
              {secret('refreshToken', text.refreshToken)}
              {plain('tokenEndpoint', text.tokenEndpoint, text.tokenEndpointHelp)}
              {plain('clientId', text.clientId, undefined, false)}
              {secret('clientSecret', text.clientSecretOptional, false)}
            </>
          )}
          <Field label={text.name} value={typed.name} onChange={set('name')} maxLength={100} />
          {way !== 'staticToken' && <Field label={text.scope} value={typed.scope} onChange={set('scope')} />}
          {!isByHand(way) && (
            <Fold title={advancedWords.title} level={3} isForm>
              <BoundTokens value={advanced.dpop} onChange={setPart} />
              {namesFiles ? (
                <Certificate value={advanced} error={wrong.certificate} onChange={setPart} />
              ) : (
                <p className="help">{advancedWords.filesElsewhere}</p>
              )}
            </Fold>
          )}
        </Fold>
        <div className="acts">
          <Push type="submit" look="primary" pending={pending}>
            {pending && isLookedFor(way)
              ? text.looking
              : isByHand(way)
                ? text.submitToken
                : signs(way, typed)
                  ? text.submitKey
                  : text.submit}
          </Push>
          {canKeep && (
            <Push pending={pending} onPress={() => add({ keep: true })}>
              {text.keep}
            </Push>
          )}
          <Push onPress={() => go({ name: 'list' })}>{actionWords.cancel}</Push>
        </div>
      </Form>
    </Page>
  )
}
