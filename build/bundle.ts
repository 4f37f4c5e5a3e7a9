// Bundles the command into dist/: one small entry, the rest in chunks that are loaded when a command needs them.
// The pages go to dist/renderer, where the window and the dashboard find them; the desktop shell to dist/main.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { bundleMain, nodeEntries, onNode, packaged } from './main.ts'

const root = join(import.meta.dirname, '..')

/** Writes the command and the library to `outdir`; native packages are found from there, as from the checkout. */
export async function bundleCommand(outdir: string): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  await build({
    entryPoints: nodeEntries,
    outdir,
    ...onNode,
    splitting: true,
    target: 'node22',
    external: packaged,
    define: { TOKENTRAY_VERSION: JSON.stringify(version) }
  })
}

if (process.argv[1] === import.meta.filename) {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  await bundleCommand(join(root, 'dist'))
  const pages = join(root, 'renderer', 'vite.config.ts')
  if (existsSync(pages)) {
    const { build: buildPages } = await import('vite')
    await buildPages({ configFile: pages, logLevel: 'warn' })
  }
  await bundleMain(join(root, 'dist', 'main'))
}
