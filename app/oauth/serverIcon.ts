// Fetches a server's icon, from the server's own site, without anything that says who asks.
// The bytes alone say what it is: a type that a server claims would let anything through to the pages.
import { type PictureType, pictureTypeOf } from '../base/picture.ts'
import type { ServerConfig } from '../contract/serverConfig.ts'
import { leadsToPrivate } from '../net/privateAddresses.ts'
import type { SendRequest } from '../net/request.ts'
import { siteOf } from '../net/site.ts'

const maxIconBytes = 65_536
/** A server that names only bad ones costs so many requests. */
const maxTries = 3

/** The first of `sources` (`https:` or `data:` URLs) that is a picture, as a data URL; null: none is. Never throws. */
export async function fetchIcon(
  sendRequest: SendRequest,
  { url, quirks }: Pick<ServerConfig, 'url' | 'quirks'>,
  sources: readonly string[],
  signal: AbortSignal
): Promise<string | null> {
  const reach = quirks.allowPrivateAddresses
    ? 'any'
    : (await leadsToPrivate(new URL(url).hostname))
      ? 'private'
      : 'public'
  for (const source of sources.slice(0, maxTries)) {
    const bytes = source.startsWith('data:')
      ? bytesIn(source)
      : isOfSite(source, url)
        ? await read(sendRequest, source, reach, signal).catch(() => null) // A picture less; nothing depends on it.
        : null
    const type: PictureType | null = bytes && bytes.length <= maxIconBytes ? pictureTypeOf(bytes) : null
    if (bytes && type) return `data:${type};base64,${bytes.toString('base64')}`
  }
  return null
}

function bytesIn(source: string): Buffer | null {
  const [, text] = /^data:[^,]*;base64,([A-Za-z0-9+/=\s]*)$/.exec(source) ?? []
  return text === undefined ? null : Buffer.from(text, 'base64')
}

function isOfSite(source: string, url: string): boolean {
  const from = URL.parse(source)
  if (!from || !/^https?:$/.test(from.protocol) || from.username || from.password) return false
  return siteOf(from.href) === siteOf(url)
}

async function read(
  sendRequest: SendRequest,
  source: string,
  reach: 'any' | 'private' | 'public',
  signal: AbortSignal
): Promise<Buffer | null> {
  const headers = { accept: 'image/png, image/webp, image/jpeg' }
  const reply = await sendRequest(source, { headers, reach, signal, followsRedirects: true, maxBytes: maxIconBytes })
  return reply.ok ? Buffer.from(await reply.arrayBuffer()) : null
}
