// The icons for a server's states: each differs in shape as well as colour, and has a text for those who see neither.
// Drawn here, because the tray's icons have other sizes and cannot take the page's colours.
import { needsYou } from '../app/contract/attention.ts'
import { endingOf } from '../app/contract/renewal.ts'
import type { ServerView } from '../app/contract/views.ts'
import { markWords } from './words/list.ts'

export type MarkKind = keyof typeof markWords

export function markOf(view: ServerView): MarkKind {
  if (view.state === 'signingIn') return 'signingIn'
  if (view.paused) return 'paused'
  switch (view.state) {
    case 'fresh':
      return view.outage ? 'serverDown' : endingOf(view) ? 'ending' : 'ok'
    case 'refreshing':
      return 'running'
    case 'waiting':
      return 'retrying'
    case 'needsUser':
      return view.action === 'grantMore' ? 'wantsMore' : 'needsYou'
    case 'signedOut':
      // A pass-through server has no token here, but may be down.
      if (view.outage) return 'serverDown'
      return needsYou(view) ? 'needsYou' : 'signedOut'
  }
}

const shapes: Record<MarkKind, React.ReactNode> = {
  ok: (
    <>
      <circle cx="8" cy="8" r="6.2" className="fill" />
      <path d="M5.2 8.2l2 2 3.7-4" className="cut" />
    </>
  ),
  ending: (
    <>
      <circle cx="8" cy="8" r="5.6" className="hollow" />
      <path d="M8 5v3.2l2.1 1.4" className="hollow" />
    </>
  ),
  running: (
    <>
      <circle cx="8" cy="8" r="5.4" className="track" />
      <path d="M8 2.6a5.4 5.4 0 0 1 5.4 5.4" className="ring spin" />
    </>
  ),
  signingIn: (
    <>
      <circle cx="8" cy="8" r="5.4" className="track" />
      <path d="M8 2.6a5.4 5.4 0 0 1 5.4 5.4" className="ring spin" />
      <circle cx="8" cy="8" r="1.8" className="fill" />
    </>
  ),
  retrying: (
    <>
      <path d="M8 1.8l6.6 11.6a.6.6 0 0 1-.5.9H1.9a.6.6 0 0 1-.5-.9z" className="fill" />
      <path d="M8 6v3.6M8 11.6v.3" className="cut" />
    </>
  ),
  serverDown: (
    <>
      <path d="M8 1.2l6.8 6.8L8 14.8 1.2 8z" className="fill" />
      <path d="M5.4 8h5.2" className="cut" />
    </>
  ),
  wantsMore: (
    <>
      <circle cx="8" cy="8" r="6.2" className="fill" />
      <path d="M8 5v6M5 8h6" className="cut" />
    </>
  ),
  needsYou: (
    <>
      <path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z" className="fill" />
      <path d="M8 4.6v4.2M8 11v.3" className="cut" />
    </>
  ),
  paused: (
    <>
      <rect x="2" y="2" width="12" height="12" rx="3.5" className="fill" />
      <path d="M6.4 5.6v4.8M9.6 5.6v4.8" className="cut" />
    </>
  ),
  signedOut: <circle cx="8" cy="8" r="5.5" className="dashed" />
}

/** `said` false where the words stand beside it anyway. */
export function Mark({ kind, said = true }: { kind: MarkKind; said?: boolean }) {
  const label = said ? ({ role: 'img', 'aria-label': markWords[kind] } as const) : ({ 'aria-hidden': true } as const)
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: a title would show as a tooltip; the label says it
    <svg className={`mark ${kind}`} viewBox="0 0 16 16" width="16" height="16" {...label}>
      {shapes[kind]}
    </svg>
  )
}
