// What a person can do about a failure, told on the terminal after the sentence that says what failed.
// Kept beside the error instead of in its sentence, since pages and `--json` show that sentence too and run no commands.
import { TokentrayError } from '../contract/errors.ts'
import { shellQuoted } from '../contract/quirks.ts'

const advice = new WeakMap<Error, string[]>()

/** The same error, with one more sentence for a person. */
export function withAdvice<Failure extends Error>(error: Failure, sentence: string): Failure {
  advice.set(error, [...adviceOf(error), sentence])
  return error
}

/** The sentences to print after that of `error`, in this order. */
export function adviceOf(error: unknown): readonly string[] {
  return (error instanceof Error && advice.get(error)) || []
}

/** `error` with the commands for using one's own client at `server`, where Tokentray's could not be registered. */
export function adviseOwnClient(error: unknown, server: string): unknown {
  if (!(error instanceof TokentrayError)) return error
  if (error.code !== 'registrationUnsupported' && error.code !== 'registrationRefused') return error
  // The redirect URI to register was just named, and only its port is good for that client.
  const port = /redirect URI https?:\/\/[^\s/]+:(\d+)/.exec(error.message)?.[1]
  const options = `--client-id ID --client-secret-file FILE${port ? ` --redirect-port ${port}` : ''}`
  const id = shellQuoted(server)
  return withAdvice(
    error,
    `To use your own client, run "tokentray set ${id} ${options}", then "tokentray login ${id}". Leave out --client-secret-file if it has no secret.`
  )
}
