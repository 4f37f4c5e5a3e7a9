// Reaches the keychain in a packaged application, where Electron may not run as plain Node: in a utility process.
// All rules (how long to wait, what no answer means) are in app/vault/keychain.ts.
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
