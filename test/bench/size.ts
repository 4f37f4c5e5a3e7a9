// What a window has to load before it can draw, and what it loads later: the bundle's files, as gzip makes them.
// A window reads them from the disk unpacked; gzip is the measure that bundles are compared by.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root } from './bench.fixture.ts'
import { judge, type Part, rowOf } from './stats.ts'

const target = 250

export async function measureSize(): Promise<Part> {
  const folder = join(root, 'dist', 'renderer')
  const size = (file: string) => gzipSync(readFileSync(join(folder, file)), { level: 9 }).length / 1000
  const page = readFileSync(join(folder, 'index.html'), 'utf8')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.(js|css|html)$/.test(file))
  const isFirst = (file: string) => file === 'index.html' || page.includes(file)
  const sum = (some: string[]) => some.reduce((total, file) => total + size(file), 0)
  const all = sum(files)
  return {
    name: 'size',
    title: 'The bundle of the pages',
    about: 'Scripts, styles and the page itself, each compressed by gzip.',
    rows: [
      rowOf('loaded before the first paint', 'kB', [sum(files.filter(isFirst))]),
      rowOf('everything', 'kB', [all])
    ],
    notes: [judge('Everything', all, 'kB', target)]
  }
}
