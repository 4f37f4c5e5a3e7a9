// The dashboard's files, read once at start: a path that is not in this map does not exist, so none leads elsewhere.
// They are held in memory, so that a rebuild while the owner runs cannot pair an old page with new scripts.
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'

export type File = { type: string; body: Buffer; isImmutable: boolean }

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json'
}

/** As Vite names them: the name changes with the content. */
const hashed = /^\/assets\/.+-[\w-]{8,}\.\w+$/

/** The files below `folder` by their path in a URL; `/` is index.html. Links, hidden files and other types stay out. */
export function readFiles(folder: string): ReadonlyMap<string, File> {
  const files = new Map<string, File>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || entry.name.startsWith('.') || type === undefined) continue
    const file = join(entry.parentPath, entry.name)
    const path = `/${relative(folder, file).split(sep).join('/')}`
    files.set(path === '/index.html' ? '/' : path, { type, body: readFileSync(file), isImmutable: hashed.test(path) })
  }
  return files
}
