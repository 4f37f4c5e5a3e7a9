// What is shown while the vault is not open: what happened, what is safe, what to do.
// It goes away by itself when a snapshot says that the vault is open.
import type { VaultView } from '../app/contract/views.ts'
import { act } from './actions.ts'
import { ActionButton } from './controls.tsx'
import { Mark } from './Mark.tsx'
import { reload, snapshots } from './store.ts'
import { words } from './words.ts'

const text = words.vault

export default function VaultScreen({
  vault,
  state
}: {
  vault: VaultView
  state: Exclude<VaultView['state'], 'open'>
}) {
  const said = text[state]
  const isWaiting = state === 'keychainWaiting'
  const check = () =>
    act('check', async () => {
      await reload()
      return snapshots.get()?.vault.state === state ? text.still : null
    })
  return (
    <>
      <header className="bar">
        <p className="brand">{words.name}</p>
      </header>
      <main className="page" aria-live="polite">
        <div className="title">
          <Mark kind={isWaiting ? 'running' : state === 'locked' ? 'paused' : 'needsYou'} said={false} />
          <h1 tabIndex={-1}>{said.title}</h1>
        </div>
        <section>
          <h2 className="cap">{text.what}</h2>
          <p>{said.happened}</p>
          {vault.message && <p className="note">{vault.message}</p>}
        </section>
        <section>
          <h2 className="cap">{text.safe}</h2>
          <p>{text.safeText}</p>
        </section>
        <section>
          <h2 className="cap">{text.todoTitle}</h2>
          <p>{said.todo}</p>
        </section>
        <div className="acts">
          <ActionButton look="primary" action="check" onPress={check}>
            {text.check}
          </ActionButton>
        </div>
        <dl className="facts">
          <div>
            <dt>{text.file}</dt>
            <dd>{vault.path}</dd>
          </div>
        </dl>
      </main>
    </>
  )
}
