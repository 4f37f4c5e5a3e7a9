// Makes docs/floors.svg: the folders of the sources on their floors, with an arrow for each import between two of them.
// The order of the floors stands here once; test/house.test.ts holds every import to it.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

type Room = {
  /** A few words for the picture. */
  about: string
  /** Where it stands on its floor, from 0 at the left. */
  column: number
  /** A person or another program comes in here. */
  isEntrance?: true
}

/** The folders of app/, lower floors first: a file may import its own folder and those named before it. */
const core: Record<string, Room> = {
  contract: { about: 'what crosses a border', column: 2 },
  base: { about: 'clock, secrets, log', column: 2 },
  providers: { about: 'facts per provider', column: 0 },
  net: { about: 'one HTTP exchange', column: 2 },
  demo: { about: 'real servers to try', column: 4 },
  health: { about: 'pure rules, no I/O', column: 3 },
  oauth: { about: 'OAuth; no storage', column: 2 },
  settings: { about: 'the settings file', column: 3 },
  vault: { about: 'encrypted SQLite', column: 2 },
  keeper: { about: 'keeps tokens valid', column: 2 },
  servers: { about: 'add, sign in, verify', column: 2 },
  gateway: { about: 'proxy for MCP clients', column: 2, isEntrance: true },
  connect: { about: 'clients’ config files', column: 5 },
  bridge: { about: 'stdio to gateway', column: 1, isEntrance: true },
  core: { about: 'assembly, commands', column: 2 },
  owner: { about: 'one process holds all', column: 2 },
  dashboard: { about: 'pages over HTTP', column: 2, isEntrance: true },
  cli: { about: 'the command line', column: 2, isEntrance: true }
}
/** Beside app/: nothing in there may import them. */
const beside: Record<string, Room> = {
  main: { about: 'the Electron shell', column: 3, isEntrance: true },
  renderer: { about: 'the React pages', column: 0, isEntrance: true }
}
const rooms = { ...core, ...beside }
const names = Object.keys(rooms)

/** The folders of app/, lowest first. */
export const floors: readonly string[] = Object.keys(core)

const root = join(import.meta.dirname, '..')

const roomOf = (file: string) => /^(?:app\/)?([^/]+)\//.exec(file)?.[1] ?? ''

/** For each room the rooms it imports; those that go up are left out, since the house test refuses them. */
function findArrows(): Map<string, Set<string>> {
  const arrows = new Map(names.map((name) => [name, new Set<string>()]))
  for (const top of ['app', ...Object.keys(beside)])
    for (const name of readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })) {
      if (!/\.tsx?$/.test(name)) continue
      const file = `${top}/${name.replaceAll('\\', '/')}`
      for (const [, path] of readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
        const target = roomOf(relative(root, resolve(root, dirname(file), path!)).replaceAll('\\', '/'))
        const isDown = names.includes(target) && names.indexOf(target) < names.indexOf(roomOf(file))
        if (isDown) arrows.get(roomOf(file))?.add(target)
      }
    }
  return arrows
}

/** Only the arrows without a longer way to the same room: what the others say follows from them. */
function withoutShortcuts(arrows: Map<string, Set<string>>): [string, string][] {
  const leads = (from: string, to: string): boolean =>
    [...arrows.get(from)!].some((next) => next === to || leads(next, to))
  return [...arrows].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((other) => other !== to && leads(other, to)))
      .map((to): [string, string] => [from, to])
  )
}

/** A room's floor is the longest way down from it; a room that nothing imports stands under the roof. */
function findFloors(arrows: Map<string, Set<string>>): Map<string, number> {
  const levels = new Map<string, number>()
  // Each arrow goes to a room named before, whose floor is known by then.
  for (const name of names) levels.set(name, 1 + Math.max(-1, ...[...arrows.get(name)!].map((to) => levels.get(to)!)))
  const roof = Math.max(...levels.values())
  const imported = new Set([...arrows.values()].flatMap((targets) => [...targets]))
  for (const name of names) if (!imported.has(name)) levels.set(name, roof)
  return levels
}

const width = 136
const height = 40
const stepX = 160
const stepY = 62
const margin = 28

type Place = { column: number; floor: number; x: number; y: number }
type Point = readonly [number, number]

/** An SVG path through `points` with rounded corners. */
function drawLine(points: readonly Point[]): string {
  const radius = 8
  const towards = ([x, y]: Point, [toX, toY]: Point): Point => {
    const length = Math.hypot(toX - x, toY - y)
    const part = Math.min(radius, length / 2) / length
    return [Math.round(x + (toX - x) * part), Math.round(y + (toY - y) * part)]
  }
  const corners = points.slice(1, -1).map((corner, index) => {
    const [before, after] = [towards(corner, points[index]!), towards(corner, points[index + 2]!)]
    return `L${before} Q${corner} ${after}`
  })
  return `M${points[0]} ${corners.join(' ')} L${points.at(-1)}`
}

/** The arrow's way around the rooms between: straight, by a side, or else through the space below the upper floor. */
function findWay(from: Place, to: Place, places: readonly Place[]): Point[] {
  const isFree = (column: number, floor: number) => !places.some((p) => p.column === column && p.floor === floor)
  const between = (a: number, b: number) =>
    Array.from({ length: Math.max(0, Math.abs(a - b) - 1) }, (_, n) => Math.min(a, b) + 1 + n)
  const isColumnFree = (column: number) => between(from.floor, to.floor).every((floor) => isFree(column, floor))
  const isFloorFree = (floor: number) => between(from.column, to.column).every((column) => isFree(column, floor))
  const side = Math.sign(to.column - from.column)
  const gap = 3
  const top = to.y - height / 2 - gap
  if (side === 0)
    return isColumnFree(from.column)
      ? [
          [from.x, from.y + height / 2],
          [to.x, top]
        ]
      : [
          [from.x + width / 2, from.y],
          [from.x + stepX / 2, from.y],
          [from.x + stepX / 2, to.y],
          [to.x + width / 2 + gap, to.y]
        ]
  if (isFloorFree(from.floor) && isFree(to.column, from.floor) && isColumnFree(to.column))
    return [
      [from.x + (side * width) / 2, from.y],
      [to.x, from.y],
      [to.x, top]
    ]
  if (isFloorFree(to.floor) && isFree(from.column, to.floor) && isColumnFree(from.column))
    return [
      [from.x, from.y + height / 2],
      [from.x, to.y],
      [to.x - side * (width / 2 + gap), to.y]
    ]
  const channel = from.y + stepY / 2
  const off = -side * 16
  return [
    [from.x - off, from.y + height / 2],
    [from.x - off, channel],
    [to.x + off, channel],
    [to.x + off, top]
  ]
}

const style = `
  svg { color-scheme: light dark; font-family: system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif }
  .ground { fill: #fbfaf8 } .room { fill: #ffffff; stroke: #d3cec6 } .entrance { fill: #e8f1ee; stroke: #7fb3a3 }
  .name { fill: #23211e; font-size: 13px; font-weight: 600 } .about { fill: #6b665e; font-size: 10.5px }
  .line { fill: none; stroke: #a39d93; stroke-width: 1.4; stroke-linecap: round } .head { fill: #a39d93 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #1b1a18 } .room { fill: #262522; stroke: #45423c } .entrance { fill: #1d332d; stroke: #4d8576 }
    .name { fill: #eeebe5 } .about { fill: #a9a39a } .line { stroke: #7a756c } .head { fill: #7a756c }
  }`

/** The whole picture, as SVG: it changes only where a folder begins or ends to import another one. */
export function makeFloors(): string {
  const arrows = findArrows()
  const levels = findFloors(arrows)
  const roof = Math.max(...levels.values())
  const places = new Map<string, Place>()
  for (const name of names) {
    const floor = levels.get(name)!
    let { column } = rooms[name]!
    while ([...places.values()].some((other) => other.floor === floor && other.column === column)) column++
    const x = margin + width / 2 + column * stepX
    places.set(name, { column, floor, x, y: margin + height / 2 + (roof - floor) * stepY })
  }
  const all = [...places.values()]
  const right = Math.max(...all.map(({ x }) => x)) + width / 2 + margin
  const bottom = Math.max(...all.map(({ y }) => y)) + height / 2 + margin + 22
  const lines = withoutShortcuts(arrows).map(
    ([from, to]) =>
      `<path class="line" marker-end="url(#head)" d="${drawLine(findWay(places.get(from)!, places.get(to)!, all))}"/>`
  )
  const boxes = names.map((name) => {
    const { x, y } = places.get(name)!
    const kind = rooms[name]!.isEntrance ? 'entrance' : 'room'
    return `<rect class="${kind}" x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="8"/>
<text class="name" x="${x}" y="${y - 3}">${name}</text><text class="about" x="${x}" y="${y + 12}">${rooms[name]!.about}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${right} ${bottom}" width="${right}" height="${bottom}" role="img" aria-labelledby="title about">
<title id="title">The floors of the house</title>
<desc id="about">Each folder of the sources as a room. Arrows are imports between folders, and all of them go down.</desc>
<style>${style}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0.8 L8 4 L0 7.2 Z"/></marker></defs>
<rect class="ground" width="${right}" height="${bottom}" rx="14"/>
${lines.join('\n')}
<g text-anchor="middle">
${boxes.join('\n')}
</g>
<text class="about" x="${margin}" y="${bottom - 18}">An arrow is an import. One is left out where a longer way leads to the same room. Green: where people and programs come in.</text>
</svg>
`
}
