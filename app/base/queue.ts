// Runs pieces of work under the same key one after the other, so that two sign-ins at one issuer do not register two clients.
// A piece that fails holds up none of those behind it.
/** Returns what runs `work` once all earlier work under `key` has ended, and resolves or rejects as it does. */
export function createQueue() {
  const tails = new Map<string, Promise<unknown>>()
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (tails.get(key) ?? Promise.resolve()).then(work)
    const tail = turn.catch(() => {})
    tails.set(key, tail)
    tail.then(() => tails.get(key) === tail && tails.delete(key))
    return turn
  }
}
