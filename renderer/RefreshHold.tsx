// Why no token is refreshed for some minutes after Tokentray stopped unexpectedly, and the button that ends the wait.
// Above every page, since it concerns every server.
import { endHold } from './actions.ts'
import { ActionButton } from './controls.tsx'
import { snapshots } from './store.ts'
import { actionWords } from './words/actions.ts'

export function RefreshHoldBanner() {
  const hold = snapshots.use()?.refreshHold
  return (
    <div role="status" className={hold ? 'refreshHold' : 'spoken'}>
      {hold && (
        <>
          <p>{hold.message}</p>
          <ActionButton action="endHold" onPress={endHold}>
            {actionWords.refresh}
          </ActionButton>
        </>
      )}
    </div>
  )
}
