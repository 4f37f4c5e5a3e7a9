// The version of the stream of changes (stream.ts), since its two ends may come from different builds of Tokentray.
// Free of zod and Node's modules, because the pages and `tokentray token` load it.
import { TokentrayError } from './errors.ts'

/** Rises when a reader of the version before could no longer understand the messages. */
export const streamVersion = 1
/** Told in every answer that is a stream, and so before its first message. */
export const streamVersionHeader = 'tokentray-stream-version'

/** @throws versionUnsupported where `version`, as the other end tells it, is not the one understood here */
export function checkStreamVersion(version: unknown): void {
  if (String(version) === String(streamVersion)) return
  throw new TokentrayError(
    'versionUnsupported',
    `The running Tokentray and this program have different versions (stream of changes ${version === undefined ? 'unknown' : String(version).slice(0, 20)} and ${streamVersion}). Update the older one, then restart Tokentray.`
  )
}
