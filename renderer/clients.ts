// The list of the gateway's clients, and what people do about them: allow, deny, revoke, lock.
// The list is loaded again whenever the snapshot says that it changed.
import { useEffect, useState } from 'react'
import type { Output } from '../app/contract/commands.ts'
import { act } from './actions.ts'
import { door } from './door.ts'
import { snapshots } from './store.ts'
import { clientsWords } from './words/clients.ts'

type Known = Pick<Output<'clients.list'>, 'clients' | 'refused'> & Output<'clients.activity'>

/** Everyone who was let in, what they did last, and what was refused; null until it is known. */
export function useClients(): Known | null {
  const revision = snapshots.use()?.clients.revision
  const [known, setKnown] = useState<Known | null>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the revision says when to ask again
  useEffect(() => {
    let isHere = true
    act('clients', async () => {
      const { clients, refused } = await door.call('clients.list', {})
      const { uses } = await door.call('clients.activity', { limit: 20 })
      if (isHere) setKnown({ clients, refused, uses })
      return null
    })
    return () => {
      isHere = false
    }
  }, [revision])
  return known
}

export const allow = (request: string, name: string, always: boolean, servers: string[] | null) =>
  act(`answer ${request}`, async () => {
    await door.call('clients.allow', { request, always, ...(servers && { servers }) })
    return clientsWords.allowed(name)
  })

export const deny = (request: string, name: string) =>
  act(`answer ${request}`, async () => {
    await door.call('clients.deny', { request })
    return clientsWords.denied(name)
  })

export const revoke = (client: string, name: string) =>
  act(`revoke ${client}`, async () => {
    await door.call('clients.revoke', { client })
    return clientsWords.revoked(name)
  })

export const setLock = (isLocked: boolean) =>
  act('lock', async () => {
    await door.call(isLocked ? 'gateway.lock' : 'gateway.unlock', {})
    return isLocked ? clientsWords.lockedNow : clientsWords.unlockedNow
  })
