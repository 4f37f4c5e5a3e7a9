// Work under one key, one piece after the other: so that two sign-ins at one issuer register one client.
// A piece that fails holds up nobody behind it.
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
