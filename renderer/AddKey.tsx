// The form for a new gateway key, for scripts and clients without OAuth; afterwards it shows the key, once.
// The key is held by this component alone, so leaving the page forgets it.
import { useState } from 'react'
import { act, usePending } from './actions.ts'
import { Choice } from './Choice.tsx'
import { CopyLine, Field, Push } from './controls.tsx'
import { door } from './door.ts'
import { Form } from './Form.tsx'
import { ServerBoxes } from './ServerBoxes.tsx'
import { actionWords } from './words/actions.ts'
import { clientsWords } from './words/clients.ts'

const day = 86_400_000
const ends: readonly { value: string; text: string }[] = [
  { value: '30', text: clientsWords.days(30) },
  { value: '90', text: clientsWords.days(90) },
  { value: '365', text: clientsWords.days(365) },
  { value: 'none', text: clientsWords.noEnd }
]

export function AddKey() {
  const [isOpen, setOpen] = useState(false)
  const [name, setName] = useState('')
  const [servers, setServers] = useState<string[]>([])
  const [end, setEnd] = useState('90')
  const [key, setKey] = useState<string | null>(null)
  const pending = usePending('addKey')
  const close = () => {
    setOpen(false)
    setKey(null)
    setName('')
    setServers([])
  }
  const add = () =>
    act('addKey', async () => {
      const validFor = end === 'none' ? {} : { validFor: Number(end) * day }
      const added = await door.call('clients.addKey', { name: name.trim(), servers, ...validFor })
      setKey(added.key)
      return null
    })
  if (!isOpen)
    return (
      <div className="acts">
        <Push onPress={() => setOpen(true)}>{clientsWords.addKey}</Push>
      </div>
    )
  if (key !== null)
    return (
      <div className="form" role="status">
        <p>{clientsWords.keyOnce}</p>
        <CopyLine label={clientsWords.key(name.trim())} text={key} />
        <div className="acts">
          <Push onPress={close}>{clientsWords.keyKept}</Push>
        </div>
      </div>
    )
  return (
    <Form onSend={add}>
      <p className="help">{clientsWords.keyHelp}</p>
      <Field label={clientsWords.keyName} value={name} onChange={setName} maxLength={100} autoFocus />
      <ServerBoxes label={clientsWords.keyServers} value={servers} onChange={setServers} />
      <Choice label={clientsWords.keyEnd} value={end} onChange={setEnd} options={ends} />
      <div className="acts">
        <Push type="submit" look="primary" pending={pending} isDisabled={!name.trim() || servers.length === 0}>
          {clientsWords.keyMake}
        </Push>
        <Push onPress={close}>{actionWords.cancel}</Push>
      </div>
    </Form>
  )
}
