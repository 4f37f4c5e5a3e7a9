// Starts and stops the demo servers, for trying Tokentray without an account anywhere.
// Not shown if this installation comes without the demo.
import { startDemo, stopDemo } from './actions.ts'
import { ActionButton } from './controls.tsx'
import { snapshots } from './store.ts'
import { demoWords } from './words/list.ts'

/** One button for the state the demo is in. */
export function DemoButton() {
  const demo = snapshots.use()?.demo
  if (demo === undefined || demo === 'unavailable') return null
  return (
    <ActionButton action="demo" onPress={demo === 'on' ? stopDemo : startDemo}>
      {demo === 'on' ? demoWords.stop : demoWords.start}
    </ActionButton>
  )
}

/** The settings' own section on it. */
export function Demo() {
  const demo = snapshots.use()?.demo
  if (demo === undefined || demo === 'unavailable') return null
  return (
    <section>
      <h2 className="cap">{demoWords.title}</h2>
      <p className="help">{demo === 'on' ? demoWords.helpOn : demoWords.helpOff}</p>
      <div className="acts">
        <DemoButton />
      </div>
    </section>
  )
}
