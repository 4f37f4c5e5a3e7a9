// A server's event history: the newest few events, or all on request, with a heading for each day before today.
// Events arrive newest first and are shown in that order.
import { useState } from 'react'
import type { HistoryEvent } from '../app/contract/views.ts'
import { useClock } from './clock.ts'
import { Push } from './controls.tsx'
import { writeDay, writeTime } from './durations.ts'
import { detailWords, eventWords } from './words/server.ts'

const tones: Partial<Record<HistoryEvent['kind'], string>> = {
  signedIn: 'green',
  refreshed: 'green',
  refreshFailed: 'amber',
  signInFailed: 'red'
}
const few = 8

export function History({ events }: { events: readonly HistoryEvent[] }) {
  const [all, setAll] = useState(false)
  const today = useClock(writeDay)
  const shown = all ? events : events.slice(0, few)
  return (
    <section>
      <h2 className="cap">
        {detailWords.history}
        {events.length > few && (
          <Push look="link" onPress={() => setAll(!all)}>
            {all ? detailWords.showLess : detailWords.showAll}
          </Push>
        )}
      </h2>
      {events.length === 0 && <p className="help">{detailWords.noHistory}</p>}
      <ol className="history">
        {shown.map((event, index) => (
          <li key={`${event.at} ${event.kind}`}>
            {writeDay(event.at) !== (index === 0 ? today : writeDay(shown[index - 1]!.at)) && (
              <span className="day">{writeDay(event.at)}</span>
            )}
            <time dateTime={new Date(event.at).toISOString()}>{writeTime(event.at)}</time>
            <i className={`dot ${event.fault === 'refused' ? 'red' : (tones[event.kind] ?? 'grey')}`} />
            <span>{event.detail || eventWords[event.kind]}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}
