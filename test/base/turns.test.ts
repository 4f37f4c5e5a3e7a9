// Turns: so many at the same time, the others in the order they came, and none beyond what may wait.
// A turn that is ended twice is ended once.
import { expect, test } from 'vitest'
import { createTurns } from '../../app/base/turns.ts'

test('further work waits for its turn, in order, and is refused where too much waits', async () => {
  const take = createTurns(1, 2)
  const done: string[] = []
  const first = (await take())!
  const takeNamed = async (name: string) => {
    const end = await take()
    done.push(name)
    return end!
  }
  const [second, third] = [takeNamed('second'), takeNamed('third')]
  expect(await take()).toBeNull()
  expect(done).toEqual([])
  first()
  first()
  const endSecond = await second
  expect(done).toEqual(['second'])
  endSecond()
  ;(await third)()
  expect(await take()).not.toBeNull()
})
