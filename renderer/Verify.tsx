// Asks the MCP server whether it accepts the current token, and shows the answer.
// An answer is about one token only, so it disappears when a newer token comes.
import { useState } from 'react'
import type { Output } from '../app/contract/commands.ts'
import type { ServerView } from '../app/contract/views.ts'
import { act } from './actions.ts'
import { door } from './door.ts'
import { Mark, type MarkKind } from './Mark.tsx'
import { verifyWords } from './words/server.ts'

type Verdict = Pick<Output<'server.verify'>, 'verdict' | 'sentence'> & { obtainedAt: number | null }
const looks: Record<Verdict['verdict'], { tone: string; mark: MarkKind }> = {
  accepted: { tone: 'green', mark: 'ok' },
  rejected: { tone: 'red', mark: 'needsYou' },
  unknown: { tone: 'amber', mark: 'retrying' }
}

export function useVerify({ id, obtainedAt }: ServerView) {
  const [verdict, setVerdict] = useState<Verdict | null>(null)
  const verify = () =>
    act(`verify ${id}`, async () => {
      setVerdict(null)
      const { verdict, sentence, view } = await door.call('server.verify', { server: id })
      setVerdict({ verdict, sentence, obtainedAt: view.obtainedAt })
      return null
    })
  return { verify, verdict: verdict?.obtainedAt === obtainedAt ? verdict : null }
}

export function VerdictLine({ verdict }: { verdict: Verdict | null }) {
  const look = verdict && looks[verdict.verdict]
  return (
    <div role="status" className="part">
      {verdict && look && (
        <div className={`state ${look.tone}`}>
          <Mark kind={look.mark} said={false} />
          <div>
            <strong>{verifyWords[verdict.verdict]}</strong>
            <p>{verdict.sentence}</p>
          </div>
        </div>
      )}
    </div>
  )
}
