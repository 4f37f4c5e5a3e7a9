// The last 24 hours of a server as a chart: when it had a valid token, refreshes, failures and sign-ins.
// Plain SVG; the text beside it says the same for people who cannot see it.
import { useSyncExternalStore } from 'react'
import type { HistoryEvent } from '../app/contract/views.ts'
import { useClock } from './clock.ts'
import { roughly, writeTime } from './durations.ts'
import { detailWords } from './words/server.ts'

const day = 24 * 3_600_000
const narrow = window.matchMedia('(max-width: 560px)')

/** The picture's own width: about what it is drawn at, so that its marks keep their shape. */
function useWidth(): number {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener('change', listener)
      return () => narrow.removeEventListener('change', listener)
    },
    () => (narrow.matches ? 340 : 720)
  )
}

const ends = new Set(['signedOut'])

export type Span = { from: number; to: number; kind: 'valid' | 'expired' }

/**
 * When there was a valid token in the day before `now` (ms), from events in any order. Before the first token: nothing.
 * The picture ends at the next full minute, but a token is called expired only up to `seen`: what has passed already.
 */
export function spansOf(events: readonly HistoryEvent[], now: number, seen: number): Span[] {
  const start = now - day
  const turns = events.filter(({ kind }) => kind === 'signedIn' || kind === 'refreshed' || ends.has(kind))
  const sorted = turns.toSorted((a, b) => a.at - b.at)
  const spans: Span[] = []
  const add = (kind: Span['kind'], from: number, to: number) => {
    const span = { kind, from: Math.max(from, start), to: Math.min(to, now) }
    const last = spans.at(-1)
    if (span.to <= span.from) return
    if (last?.kind === kind && last.to === span.from) last.to = span.to
    else spans.push(span)
  }
  sorted.forEach((event, index) => {
    const next = sorted[index + 1]?.at
    if (ends.has(event.kind)) return
    const end = Math.min(event.expiresAt ?? now, next ?? now)
    add('valid', event.at, end)
    add('expired', end, next ?? seen)
  })
  return spans
}

const isFailure = ({ kind }: HistoryEvent) => kind === 'refreshFailed' || kind === 'signInFailed'

export function Timeline({ events }: { events: readonly HistoryEvent[] }) {
  // Once a minute: a pixel of this picture is two.
  const now = useClock((now) => Math.floor(now / 60_000) * 60_000 + 60_000)
  const spans = spansOf(events, now, now - 60_000)
  const width = useWidth()
  const recent = events.filter(({ at }) => at > now - day)
  const x = (at: number) => ((at - (now - day)) / day) * width
  const refreshes = recent.filter(({ kind }) => kind === 'refreshed')
  const failures = recent.filter(isFailure)
  const signIns = recent.filter(({ kind }) => kind === 'signedIn')
  const gap = spans.reduce((sum, { kind, from, to }) => sum + (kind === 'expired' ? to - from : 0), 0)
  const wasSignedOut = recent.some(({ kind }) => ends.has(kind))
  const whole = wasSignedOut ? detailWords.signedOut : detailWords.noGap
  const gapWords = spans.length === 0 ? detailWords.nothingKnown : gap > 0 ? detailWords.gap(roughly(gap)) : whole
  const summary = `${gapWords}, ${detailWords.counted(refreshes.length, failures.length, signIns.length)}`
  const { legend } = detailWords
  return (
    <section>
      <h2 className="cap">
        {detailWords.timeline}
        <span>{gapWords}</span>
      </h2>
      <svg
        className="timeline"
        viewBox={`0 0 ${width} 34`}
        preserveAspectRatio="none"
        role="img"
        aria-label={detailWords.timelineLabel(summary)}
      >
        <rect x="0" y="4" width={width} height="13" rx="2" className="none" />
        {spans.map(({ kind, from, to }) => (
          <rect
            key={`${kind} ${from}`}
            className={kind}
            x={x(from)}
            y="4"
            width={Math.max(x(to) - x(from) - 1, 2)}
            height="13"
          />
        ))}
        {refreshes.map(({ at }) => (
          <rect key={at} className="refreshed" x={x(at) - 1.5} y="22" width="3" height="5" rx="1" />
        ))}
        {failures.map(({ at }) => (
          <path key={at} className="failed" d={`M${Math.min(x(at), width - 4) - 4} 30l4-9 4 9z`} />
        ))}
        {signIns.map(({ at }) => (
          <path key={at} className="signedIn" d={`M${x(at)} 0v32`} vectorEffect="non-scaling-stroke" />
        ))}
      </svg>
      <div className="hours" aria-hidden="true">
        {[0, 6, 12, 18].map((hour) => (
          <span key={hour}>{writeTime(now - day + hour * 3_600_000)}</span>
        ))}
        <span>{detailWords.now}</span>
      </div>
      <ul className="legend" aria-hidden="true">
        {(['valid', 'expired', 'refreshed', 'failed', 'signedIn'] as const).map((kind) => (
          <li key={kind}>
            <svg viewBox="0 0 10 10" width="10" height="10" className="timelineKey" aria-hidden="true">
              {kind === 'failed' ? (
                <path d="M1 9l4-8 4 8z" className={kind} />
              ) : kind === 'signedIn' ? (
                <path d="M5 0v10" className={kind} />
              ) : kind === 'refreshed' ? (
                <rect x="3.5" y="2" width="3" height="6" rx="1" className={kind} />
              ) : (
                <rect x="0" y="2" width="10" height="6" rx="1" className={kind} />
              )}
            </svg>
            {legend[kind]}
          </li>
        ))}
      </ul>
    </section>
  )
}
