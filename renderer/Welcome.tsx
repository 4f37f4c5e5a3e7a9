// The first page that a new user sees: what Tokentray does with tokens, and the button to add a server.
// Shown again whenever the list of servers is empty.
import type { VaultView } from '../app/contract/views.ts'
import { Push } from './controls.tsx'
import { DemoButton } from './Demo.tsx'
import { go, snapshots } from './store.ts'
import { listWords, welcomeWords } from './words/list.ts'

const pictures = [
  'M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  'M8 2v9M8 11l-3-3M8 11l3-3M2.5 13.5h11',
  'M2 3.5h12v9H2zM2 6.3h12'
]

export function Welcome({ keySource }: { keySource: VaultView['keySource'] }) {
  const demo = snapshots.use()?.demo
  return (
    <div className="page welcome">
      <h2>{welcomeWords.title}</h2>
      <p className="lead">{welcomeWords.lead}</p>
      <dl className="points">
        {welcomeWords.points(welcomeWords.keys[keySource ?? 'none']).map(([title, text], index) => (
          <div key={title}>
            <dt>
              <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <path d={pictures[index]} className="stroke" />
              </svg>
              {title}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div className="acts">
        <Push look="primary" onPress={() => go({ name: 'add', way: 'browser', url: '' })}>
          {listWords.add}
        </Push>
        <DemoButton />
      </div>
      <p className="help">{demo === 'unavailable' ? welcomeWords.noDemo : welcomeWords.demo}</p>
    </div>
  )
}
