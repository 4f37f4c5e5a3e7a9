// Connects a client to this server: shows what would change in the client's settings file, writes it, and undoes it.
// Keys arrive masked, so that none can be read from the page.
import { useEffect, useState } from 'react'
import type { ConnectableClient, ConnectPlan } from '../app/contract/connect.ts'
import type { ServerView } from '../app/contract/views.ts'
import { act, copy, explain } from './actions.ts'
import { Choice } from './Choice.tsx'
import { ActionButton } from './controls.tsx'
import { door } from './door.ts'
import { Fold } from './Fold.tsx'
import { actionWords } from './words/actions.ts'
import { connectWords } from './words/connect.ts'

export function Connect({ view }: { view: ServerView }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Fold title={connectWords.title} level={2} onExpandedChange={setOpen}>
      {isOpen && <Clients server={view.id} />}
    </Fold>
  )
}

function Clients({ server }: { server: string }) {
  const [clients, setClients] = useState<ConnectableClient[]>([])
  const [chosen, setChosen] = useState('')
  const [problem, setProblem] = useState('')
  useEffect(() => {
    door.call('connect.list', {}).then(
      (answer) => setClients(answer.clients),
      (error) => setProblem(explain(error).text)
    )
  }, [])
  const client = clients.find(({ id }) => id === chosen)
  return (
    <div className="form">
      <p className="help">{connectWords.lead}</p>
      {problem && <p className="note">{problem}</p>}
      <Choice
        label={connectWords.which}
        value={chosen}
        onChange={setChosen}
        options={clients.map(({ id, name, path }) => ({ value: id, text: name, help: path ?? connectWords.byHand }))}
      />
      {client && <Plan key={client.id} client={client} server={server} />}
    </div>
  )
}

function Plan({ client, server }: { client: ConnectableClient; server: string }) {
  const [plan, setPlan] = useState<ConnectPlan | null>(null)
  const [problem, setProblem] = useState('')
  const action = `connect ${client.id} ${server}`
  const look = async (more: { replace?: boolean; rotate?: boolean } = {}) => {
    try {
      setPlan(await door.call('connect.plan', { client: client.id, server, ...more }))
      setProblem('')
    } catch (error) {
      setPlan(null)
      setProblem(explain(error).text)
    }
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at once for each client, and again after each action
  useEffect(() => void look(), [])
  const write = (id: string) =>
    act(action, async () => {
      try {
        const { path } = await door.call('connect.apply', { plan: id })
        return connectWords.written(client.name, path)
      } finally {
        await look()
      }
    })
  const undo = () =>
    act(action, async () => {
      try {
        const { changed } = await door.call('connect.undo', { client: client.id, server })
        return changed ? connectWords.undone(client.name) : connectWords.nothing(client.name)
      } finally {
        await look()
      }
    })
  if (problem) return <p className="note">{problem}</p>
  if (!plan) return null
  const shown = plan.diff || plan.snippet
  return (
    <section aria-label={client.name}>
      <p>{connectWords.states[plan.state]}</p>
      {plan.state !== 'connected' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre className="report" tabIndex={0}>
          {shown}
        </pre>
      )}
      <p className="help">
        {connectWords.marks[client.mark]} {plan.note}
      </p>
      <div className="acts">
        {plan.plan !== null && (
          <ActionButton look="primary" action={action} onPress={() => write(plan.plan!)}>
            {connectWords.write}
          </ActionButton>
        )}
        {plan.state === 'foreign' && (
          <ActionButton action={action} onPress={() => look({ replace: true })}>
            {connectWords.replace}
          </ActionButton>
        )}
        {plan.state === 'connected' && plan.way === 'key' && (
          <ActionButton action={action} onPress={() => look({ rotate: true })}>
            {connectWords.rotate}
          </ActionButton>
        )}
        {plan.state === 'connected' && (
          <ActionButton action={action} onPress={undo}>
            {connectWords.undo}
          </ActionButton>
        )}
        {plan.state === 'manual' && (
          <ActionButton action="copy" onPress={() => copy(plan.snippet)}>
            {actionWords.copy}
          </ActionButton>
        )}
      </div>
    </section>
  )
}
