// A server's outage in plain words: short beside the words for its token, and a sentence for details and history.
// Times inside sentences are handed in already written, so that this stays pure and locale-free.
import type { Outage } from '../contract/health.ts'
import { sayProblem } from './problems.ts'
import { endingWords, passedThroughWords, uncheckedWords, unknownEndWords, type WriteTime, wellWords } from './words.ts'

const shortWords: Record<Outage['kind'], string> = {
  unreachable: 'server unreachable',
  silent: 'server not responding',
  failing: 'server returning errors',
  rejecting: 'server rejects it',
  notMcp: 'no MCP server at its URL'
}

/** What is said of the token where the server's outage is told beside it. */
const besideOutage: Record<string, string> = {
  [wellWords]: 'Token valid',
  [endingWords]: endingWords,
  [unknownEndWords]: endingWords,
  [uncheckedWords]: 'Token not verified',
  [passedThroughWords]: passedThroughWords
}

/** "Token valid · server unreachable since 01:19"; `words` alone where they tell of trouble with the token, which comes first. */
export function addOutage(words: string, outage: Outage | null, time: WriteTime): string {
  const token = besideOutage[words]
  return token && outage ? `${token} · ${shortWords[outage.kind]} since ${time(outage.since)}` : words
}

const outageBegins: Record<Outage['kind'], string> = {
  unreachable: 'The server could not be reached',
  silent: 'The server accepted requests but sent no complete response',
  failing: 'The server has returned errors',
  rejecting: 'The server has rejected the token',
  notMcp: "The server's URL has not answered as an MCP server"
}

/** What a server's outage is, in a sentence; without `time` for a history that tells the times apart. */
export function explainOutage({ kind, since, detail }: Outage, time: WriteTime | null): string {
  const at = time ? ` since ${time(since)}` : ''
  switch (kind) {
    case 'unreachable':
    case 'silent':
      return `${outageBegins[kind]}${at}: ${sayProblem(detail)}.`
    case 'failing':
      return `${outageBegins[kind]}${at}: ${statusWords[detail] ? `${statusWords[detail]} (${detail})` : detail}.`
    case 'rejecting':
      return `${outageBegins[kind]}${at} (${detail}). Verify it to see whether a new token helps.`
    case 'notMcp':
      return `${outageBegins[kind]}${at} (${detail}). Check the URL.`
  }
}

/** The outage that explainOutage() told history at `since`; null where the sentence is another. */
export function readOutage(sentence: string, since: number): Outage | null {
  const kind = (Object.keys(outageBegins) as Outage['kind'][]).find((each) => sentence.startsWith(outageBegins[each]))
  const detail = (/\(([^()]+)\)/.exec(sentence) ?? /: ([^:]+)\.$/.exec(sentence))?.[1]
  return kind && detail !== undefined ? { kind, since, detail } : null
}

/** For the statuses by which a proxy speaks for the server behind it (RFC 9110 sections 15.6.3 to 15.6.5). */
const statusWords: Record<string, string> = {
  'HTTP 502': 'its proxy got no valid response from it',
  'HTTP 503': 'it is temporarily unavailable',
  'HTTP 504': 'its proxy got no response from it in time'
}
