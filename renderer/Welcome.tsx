// First run: in one screen what happens where, and the one thing to do next.
// Also what an emptied list shows.
import type { VaultView } from '../app/contract/views.ts'
import { Push } from './controls.tsx'
import { go } from './store.ts'
import { words } from './words.ts'

export function Welcome({ keySource }: { keySource: VaultView['keySource'] }) {
  return (
    <div className="page welcome">
      <h2>{words.welcome.title}</h2>
      <p className="lead">{words.welcome.lead}</p>
      <dl className="points">
        {words.welcome.points(words.settings.keySources[keySource ?? 'none']).map(([title, text]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div className="acts">
        <Push look="primary" onPress={() => go({ name: 'add', way: 'browser', url: '' })}>
          {words.list.add}
        </Push>
      </div>
      <p className="help">{words.welcome.demo}</p>
    </div>
  )
}
