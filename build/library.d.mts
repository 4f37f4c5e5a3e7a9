// The package's types, whole in themselves: whoever uses the package has neither its sources nor its compiler options.
// test/e2e/library.test.ts compares them with the sources.

/** What a call ends with; `code` is stable and listed in docs/cli.md, the message is one sentence for a person. */
export class TokentrayError extends Error {
  readonly code: string
}

/**
 * The access token of `server` (its id or name). The string is a secret. `minValid`: how long it must live at least, in
 * ms (60,000 if absent). Rejects TokentrayError: `ownerUnreachable` where no Tokentray runs, `serverUnknown`,
 * `signInNeeded` and others.
 */
export function getToken(server: string, options?: { minValid?: number }): Promise<string>
