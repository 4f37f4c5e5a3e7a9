// The utility process that loads keytar, answers one request and is killed by whoever asked.
// The value travels over the message port: never an argument, never the environment.
import { createRequire } from 'node:module'
import type { Answer, HelperRequest } from '../app/vault/keychain.ts'

process.parentPort.once('message', async ({ data }: { data: HelperRequest }) => {
  const { module, call, words } = data
  const answer = (it: Answer) => process.parentPort.postMessage(it)
  let keytar: Record<HelperRequest['call'], (...words: string[]) => Promise<unknown>>
  try {
    keytar = createRequire(import.meta.url)(module)
  } catch {
    return answer({ problem: 'load' })
  }
  try {
    answer({ value: await keytar[call](...words) })
  } catch {
    answer({ problem: 'refused' })
  }
})
