// Merges Tokentray's entry into an existing one: fields a person added stay, fields that Tokentray decides are replaced.
// Keys are masked when entries are compared, because each key is different.
import type { Entry } from './clients.ts'
import { isOurs, keyShown, type Target } from './entry.ts'

/** Fields of an entry that are ours to decide; others, such as a person's own `timeout`, are kept. */
const ownFields = new Set(['type', 'url', 'httpUrl', 'serverUrl', 'headers', 'http_headers', 'command', 'args', 'env'])

/** The wanted entry with what a person added to ours; a foreign one is replaced whole. */
export function merge(present: unknown, wanted: Entry, target: Target): Entry {
  if (present === undefined || !isOurs(present, target)) return wanted
  const kept = Object.entries(present as Entry).filter(([name]) => !ownFields.has(name))
  return { ...wanted, ...mergeHeaders(present as Entry, wanted, target), ...Object.fromEntries(kept) }
}

/** In pass-through mode the headers also hold the client's own credential, which is kept. */
function mergeHeaders(present: Entry, wanted: Entry, { isPassThrough }: Target): Entry {
  const field = ['headers', 'http_headers'].find((name) => name in wanted)
  const headers = field === undefined || !isPassThrough ? null : present[field]
  if (field === undefined || typeof headers !== 'object' || headers === null) return {}
  const own = Object.entries(headers).filter(([, value]) => !/(^|\s)ttk_/.test(String(value)))
  return { [field]: { ...Object.fromEntries(own), ...(wanted[field] as object) } }
}

/** The same with every key of ours masked. */
export const hideKey = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null).replace(/\bttk_[\w-]+/g, keyShown))
