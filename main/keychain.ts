// The keychain of a fused Electron: keytar in a utility process, since RunAsNode is switched off there.
// All rules (who is waited for, what a silence means) stay in app/vault/keychain.ts.
import { utilityProcess } from 'electron'
import { childEnvironment } from '../app/base/childEnvironment.ts'
import type { Answer, StartHelper } from '../app/vault/keychain.ts'

/** `script`: the bundled keychainChild.ts. Only to be used once Electron is ready. */
export function electronHelper(script: string): StartHelper {
  return (request, answered) => {
    const env = Object.entries(childEnvironment(process.env)).filter(([, value]) => value !== undefined)
    const child = utilityProcess.fork(script, [], {
      serviceName: 'Tokentray keychain',
      stdio: 'ignore',
      env: Object.fromEntries(env) as Record<string, string>
    })
    let isOver = false
    const end = (answer: Answer) => {
      if (isOver) return
      isOver = true
      child.kill()
      answered(answer)
    }
    child.once('spawn', () => child.postMessage(request))
    child.once('message', end)
    child.once('exit', () => end({ problem: 'killed' }))
    return { kill: () => child.kill() }
  }
}
