// Reads an assertion (a workload's identity, a person's ID token) from the file or the command that another program provides.
// It is read for each request, since it expires. The command runs without a shell, within a time limit, without our passphrase.
import { execFile } from 'node:child_process'
import { readRegularFile } from '../base/regularFile.ts'
import { Secret } from '../base/secret.ts'
import type { AssertionSource } from '../contract/serverConfig.ts'

/** Rejects with a code that may be shown: `assertion_unreadable`, `assertion_command_failed` or `assertion_invalid`. */
export type ReadAssertion = (source: AssertionSource) => Promise<Secret>

/** Has a code and no text: a command's output may hold the assertion itself. */
export class AssertionFault extends Error {
  readonly code: 'assertion_missing' | 'assertion_unreadable' | 'assertion_command_failed' | 'assertion_invalid'
  constructor(code: AssertionFault['code']) {
    super(code)
    this.code = code
  }
}

/** Options of execFile: ms and bytes. */
const limits = { timeout: 30_000, maxBuffer: 1_048_576 }

export function assertionReader(environment: Record<string, string | undefined>): ReadAssertion {
  return async (source) => {
    const text = 'file' in source ? await readText(source.file) : await runCommand(source.command, environment)
    const assertion = text.trim()
    if (!/^[\x21-\x7e]+$/.test(assertion)) throw new AssertionFault('assertion_invalid')
    return new Secret(assertion)
  }
}

async function readText(file: string): Promise<string> {
  try {
    return String(await readRegularFile(file))
  } catch {
    throw new AssertionFault('assertion_unreadable')
  }
}

function runCommand(command: readonly string[], environment: Record<string, string | undefined>): Promise<string> {
  const [program = '', ...args] = command
  const env = Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.toUpperCase().startsWith('TOKENTRAY_PASSPHRASE'))
  )
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...limits, env, windowsHide: true, killSignal: 'SIGKILL' }, (error, stdout) => {
      if (error) reject(new AssertionFault('assertion_command_failed'))
      else resolve(stdout)
    })
  })
}
