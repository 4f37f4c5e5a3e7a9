// Bundles the Electron shell into dist/main/: entry and keychain helper as ES modules, and the preload script as CommonJS,
// since a sandboxed preload script can be nothing else. Native packages stay outside, since they bring binaries.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const root = join(import.meta.dirname, '..')

/** Packages that are not bundled: native ones, and the demo's authorization server, which is loaded when asked for. */
export const packaged = ['better-sqlite3', 'keytar', 'oidc-provider']

/** The command, and what bots import. */
export const nodeEntries = {
  tokentray: join(root, 'app', 'cli', 'main.ts'),
  library: join(root, 'app', 'cli', 'library.ts')
}

/** How whatever runs on Node is bundled: the command and the shell alike. */
export const onNode = {
  bundle: true,
  minifySyntax: true,
  format: 'esm',
  platform: 'node',
  alias: {
    // Its main file hides what it requires from the bundler, so that it would be missing at run time.
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    undici: join(import.meta.dirname, 'undici.mjs')
  },
  // Packages written as CommonJS call require() for Node's own modules, which an ES module does not have.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"
  },
  logLevel: 'warning'
} as const satisfies BuildOptions

/** Writes the bundle to `outdir`; the icons go beside it. */
export async function bundleMain(outdir: string): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  rmSync(outdir, { recursive: true, force: true })
  const common: BuildOptions = {
    outdir,
    bundle: true,
    minifySyntax: true,
    target: 'node24',
    external: ['electron', ...packaged],
    define: { TOKENTRAY_VERSION: JSON.stringify(version) },
    logLevel: 'warning'
  }
  await build({
    ...common,
    ...onNode,
    entryPoints: [join(root, 'main', 'main.ts'), join(root, 'main', 'keychainChild.ts')]
  })
  await build({
    ...common,
    entryPoints: { preload: join(root, 'main', 'preload.ts') },
    platform: 'browser',
    format: 'cjs',
    outExtension: { '.js': '.cjs' }
  })
  cpSync(join(root, 'build', 'icons', 'out', 'tray'), join(outdir, 'icons'), { recursive: true })
  // Makes the folder an application that Electron can be given, at login too.
  const application = { name: 'tokentray', version, type: 'module', main: 'main.js' }
  writeFileSync(join(outdir, 'package.json'), JSON.stringify(application))
}

if (process.argv[1] === import.meta.filename) await bundleMain(join(root, 'dist', 'main'))
