// The house rules that a compiler cannot hold: who imports whom, and that the lint rules really bite.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { floors } from '../build/floors.ts'

const root = join(import.meta.dirname, '..')

function sources(folder: string, names = /\.tsx?$/): { file: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => names.test(file))
    .map((file) => ({
      file: `${folder}/${file}`.replaceAll('\\', '/'),
      text: readFileSync(join(root, folder, file), 'utf8')
    }))
}
const importsOf = (text: string) => [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1]!)

describe('the ground plan', () => {
  const targets = (file: string, text: string) =>
    importsOf(text)
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(root, resolve(root, dirname(file), name)).replaceAll('\\', '/'))
  const core = sources('app').map(({ file, text }) => ({ file, uses: targets(file, text) }))
  const floorOf = (file: string) => floors.indexOf(file.split('/')[1]!)

  test('every file of the core is in a folder of the list, none lies loose in app/', () => {
    expect(core.filter(({ file }) => floorOf(file) < 0 || file.split('/').length < 3)).toEqual([])
  })

  test('every import goes down the list of folders', () => {
    const upward = core.flatMap(({ file, uses }) =>
      uses.filter((used) => floorOf(used) > floorOf(file)).map((used) => `${file} imports ${used}`)
    )
    expect(upward).toEqual([])
  })

  test('no file imports itself by way of others', () => {
    const graph = new Map(core.map(({ file, uses }) => [file, uses]))
    const done = new Set<string>()
    const circleFrom = (file: string, path: readonly string[]): string[] | null => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
      if (done.has(file)) return null
      for (const used of graph.get(file) ?? []) {
        const circle = circleFrom(used, [...path, file])
        if (circle) return circle
      }
      done.add(file)
      return null
    }
    expect(core.map(({ file }) => circleFrom(file, [])).find((circle) => circle !== null)).toBeUndefined()
  })

  test('the desktop shell imports nothing of the command line', () => {
    const guilty = sources('main').filter(({ file, text }) =>
      targets(file, text).some((it) => it.startsWith('app/cli/'))
    )
    expect(guilty.map(({ file }) => file)).toEqual([])
  })
})

describe('imports', () => {
  test('app/contract imports zod and itself only', () => {
    const foreign = sources('app/contract').flatMap(({ file, text }) =>
      importsOf(text)
        .filter((name) => name !== 'zod' && !/^\.\/\w+\.ts$/.test(name))
        .map((name) => `${file} imports ${name}`)
    )
    expect(foreign).toEqual([])
  })

  test("app/health imports itself and the contract's types only", () => {
    const foreign = sources('app/health').flatMap(({ file, text }) =>
      [...text.matchAll(/^(import[^\n]*?)from '([^']+)'/gm)]
        .filter(
          ([, head, name]) =>
            !/^\.\/\w+\.ts$/.test(name!) && !(head!.startsWith('import type') && name!.startsWith('../contract/'))
        )
        .map(([, , name]) => `${file} imports ${name}`)
    )
    expect(foreign).toEqual([])
  })

  test('no source of the core imports electron', () => {
    const guilty = sources('app').filter(({ text }) =>
      importsOf(text).some((name) => name === 'electron' || name.startsWith('electron/'))
    )
    expect(guilty.map(({ file }) => file)).toEqual([])
  })

  test("node:http comes from net/http.ts, so that Node's own undici stays unloaded; the demo's server loads it anyway", () => {
    const guilty = sources('app').filter(
      ({ file, text }) => !file.startsWith('app/demo/') && /^import (?!type)[^\n]*'node:https?'/m.test(text)
    )
    expect(guilty.map(({ file }) => file)).toEqual([])
  })

  test('waiting for an abort goes through base/abort.ts, which takes each listener away again', () => {
    const guilty = [...sources('app'), ...sources('main')].filter(
      ({ file, text }) =>
        !['app/base/abort.ts', 'app/base/clock.ts'].includes(file) && text.includes("addEventListener('abort'")
    )
    expect(guilty.map(({ file }) => file)).toEqual([])
  })

  test('no source of the core formats by Intl, whose tables an owner would keep in memory; the demo tells its own', () => {
    const guilty = sources('app').filter(
      ({ file, text }) =>
        !file.startsWith('app/demo/') &&
        file !== 'app/cli/textWidth.ts' &&
        /\bIntl\.|\.toLocale(String|DateString|TimeString)\(/.test(text)
    )
    expect(guilty.map(({ file }) => file)).toEqual([])
  })

  test('each source opens with exactly two lines on its job, each style sheet with one comment', () => {
    const opening = (file: string) => (file.endsWith('.css') ? /^\/\* .+/ : /^(#!.*\n)?\/\/ .+\n\/\/ .+\n(?!\/\/)/)
    const bare = ['app', 'main', 'renderer', 'build'].flatMap((folder) =>
      sources(folder, /\.(tsx?|mjs|mts|css)$/).filter(({ file, text }) => !opening(file).test(text))
    )
    expect(bare.map(({ file }) => file)).toEqual([])
  })
})

describe('lint', () => {
  // A copy of the rules, not our own tree: other tests read that while this one writes.
  const scratch = mkdtempSync(join(tmpdir(), 'tokentray-house-'))
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))
  beforeAll(() => {
    for (const rules of ['biome.json', '.gitignore', 'build/lint'])
      cpSync(join(root, rules), join(scratch, rules), { recursive: true })
    mkdirSync(join(scratch, 'app'))
  })
  const lint = (code: string) => {
    writeFileSync(join(scratch, 'app', 'sample.ts'), code)
    const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
    const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', 'app'], {
      cwd: scratch,
      encoding: 'utf8'
    })
    return { status, text: stdout + stderr }
  }

  test.each([
    'export const a = Date.now()',
    'export const b = new Date()',
    'export const c = Math.random()',
    'setTimeout(() => {}, 5)',
    'setInterval(() => {}, 5)'
  ])('time and dice outside clock.ts are refused: %s', (code) => {
    const { status, text } = lint(`${code}\n`)
    expect(status).not.toBe(0)
    expect(text).toContain('app/base/clock.ts')
  })

  test('what keeps the rules passes', () => {
    expect(lint('export const a = 1\n').status).toBe(0)
  })

  test('electron in the core is refused', () => {
    const { status, text } = lint("import { app } from 'electron'\nexport const name = app.name\n")
    expect(status).not.toBe(0)
    expect(text).toContain('Electron lives in main/')
  })
})
