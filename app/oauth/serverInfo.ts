// What an MCP server says of itself in its answer to `initialize`: its name and where its icons are (MCP 2025-11-25).
// The server may say anything, to look like another or to command a terminal, so only a short, clean name gets out.
import { fieldsOf, isObject, objectIn } from '../base/json.ts'
import { siteOf } from '../net/site.ts'

export type ServerInfo = {
  /** null: it says none that can be shown. */
  name: string | null
  /** Where its icons are, the best first; not checked yet. */
  icons: string[]
}

/** `body`: the JSON of the answer, or of its event. null: it is no answer to `initialize`. */
export function readServerInfo(body: string, url: string): ServerInfo | null {
  const { serverInfo: info } = fieldsOf(objectIn(body)?.result)
  if (!isObject(info)) return null
  return { name: cleanName(info.title, url) ?? cleanName(info.name, url), icons: iconsIn(info.icons) }
}

const maxIcons = 20
/** In characters; of a data URL, whose picture may have 64 kB. */
const maxSourceLength = 90_000
const picture = /^image\/(png|jpe?g|webp)$/i
const wantedSide = 64

/** Those that may be pictures, nearest to the wanted size and for light pages first; sizes that are not said come last. */
function iconsIn(value: unknown): string[] {
  const icons = Array.isArray(value) ? value.slice(0, maxIcons) : []
  const fit = icons.flatMap((icon: { src?: unknown; mimeType?: unknown; sizes?: unknown; theme?: unknown } | null) => {
    const { src, mimeType, sizes, theme } = icon ?? {}
    if (typeof src !== 'string' || src.length > maxSourceLength) return []
    if (typeof mimeType === 'string' && !picture.test(mimeType)) return []
    const sides = (Array.isArray(sizes) ? sizes : []).map((size) => Number.parseInt(String(size), 10)).filter(Boolean)
    const distance = Math.min(1e6, ...sides.map((side) => Math.abs(side - wantedSide)))
    return [{ src, rank: distance + (theme === 'dark' ? 0.5 : 0) }]
  })
  return fit.sort((a, b) => a.rank - b.rank).map(({ src }) => src)
}

/** In characters. */
const maxNameLength = 60

/** `value` as a name of the server at `url`; null where it is none. */
export function cleanName(value: unknown, url: string): string | null {
  if (typeof value !== 'string') return null
  const name = value
    .slice(0, 1000)
    .normalize('NFC')
    .replace(/[\p{Z}\s]+/gu, ' ')
    // Invisible or commanding: controls, direction marks, tags, private characters.
    .replace(/\p{C}/gu, '')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .trim()
  const short = [...name].slice(0, maxNameLength).join('').trim()
  return /[\p{L}\p{N}]/u.test(short) && !namesOtherSite(short, url) ? short : null
}

/** Beside the true host, the name of another one would be taken for the server's. */
function namesOtherSite(name: string, url: string): boolean {
  const hosts = name.normalize('NFKC').match(/[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/gu) ?? []
  return hosts.some((host) => {
    const named = URL.parse(`https://${host}`)
    return named !== null && siteOf(named.href) !== siteOf(url)
  })
}
