// `tokentray token` as a script calls it: the bundled client against a running `serve`, beside a Node that does nothing.
// Also which libraries the client loaded on its way, as seen by module hooks.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle, root, withOwner } from './bench.fixture.ts'
import { interleave, type Part, rowOf, timed } from './stats.ts'

const rounds = 20
const watched = ['zod', 'commander', 'better-sqlite3', 'undici', 'pino', 'oauth4webapi', 'keytar']

/** The packages inside a file of the bundle: esbuild writes each module's path above it. */
function packagesIn(file: string): string[] {
  const paths = readFileSync(file, 'utf8').matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)
  return [...new Set([...paths].map((match) => match[1]!))]
}

/** Which of `watched` the URLs of loaded modules bring in. */
function packagesOf(urls: string[]): Set<string> {
  const found = urls.flatMap((url) => {
    if (!url.startsWith('file:')) return url === 'node:undici' ? ["Node's own undici"] : []
    const path = fileURLToPath(url).replaceAll('\\', '/')
    const own = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)
    return own ? [own[1]!] : packagesIn(path)
  })
  return new Set(found)
}

export function measureClient(): Promise<Part> {
  return withOwner(1, async ({ env, home }) => {
    const run = (args: string[], more: NodeJS.ProcessEnv = {}) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        env: { ...env, ...more },
        encoding: 'utf8'
      })
      if (status !== 0) throw new Error(stderr)
      return stdout
    }
    const token = (entry: string) => {
      if (!run([entry, 'token', 's-0']).startsWith('0.')) throw new Error('no token was printed')
    }
    const arms = {
      node: () => timed(() => run(['-e', '0'])),
      bundled: () => timed(() => token(bundle)),
      sources: () => timed(() => token(join(root, 'build/tokentray.mjs')))
    }
    await interleave(2, arms)
    const values = await interleave(rounds, arms)

    const list = join(home, 'loaded.json')
    const hook = `file://${join(import.meta.dirname, 'loaded.mjs')}`
    run(['--import', hook, bundle, 'token', 's-0'], { TOKENTRAY_BENCH_LOADED: list })
    const loaded = packagesOf(JSON.parse(readFileSync(list, 'utf8')))
    const dist = join(root, 'dist')
    const files = readdirSync(dist).filter((name) => name.endsWith('.js'))
    const known = new Set(files.flatMap((name) => packagesIn(join(dist, name))))
    // Without the bundler's own marks nothing would be found, and everything seem absent.
    if (!known.has('zod')) throw new Error('the bundle does not say which packages it holds')
    const yes = [...watched, "Node's own undici"].filter((name) => loaded.has(name))
    const no = [...watched, "Node's own undici"].filter((name) => !loaded.has(name))
    return {
      name: 'client',
      title: '`tokentray token` with an owner running',
      about: `Whole processes, start to end, ${rounds} of each in turn, the ratio to \`node -e 0\`.`,
      rows: [
        rowOf('node -e 0', 'ms', values.node, values.node),
        rowOf('tokentray token, bundled', 'ms', values.bundled, values.node),
        rowOf('tokentray token, from the sources', 'ms', values.sources, values.node)
      ],
      notes: [`Loaded by the bundled client: ${yes.join(', ') || 'none of these'}. Not loaded: ${no.join(', ')}.`]
    }
  })
}
