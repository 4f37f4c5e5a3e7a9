// Makes what the test files of one run share (shared.ts), each thing once, at its first request, and removes it at the end.
// Nothing goes into dist/, which is a person's own; two runs in one checkout have a folder each.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { TestProject } from 'vitest/node'
import { bundleCommand } from '../../build/bundle.ts'
import { bundleMain, onNode, packaged } from '../../build/main.ts'
import { buildPages, serveChromium } from '../renderer/chromium.ts'
import type { Shared } from './shared.ts'

const root = join(import.meta.dirname, '..', '..')
// Inside node_modules/, so that the bundles find the native packages.
const cache = join(root, 'node_modules', '.cache')
const prefix = 'tokentray-run-'

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // it runs, as somebody else
  }
}

/** A new folder for this run; those of runs that were killed are removed. */
function makeFolder(): string {
  mkdirSync(cache, { recursive: true })
  for (const name of readdirSync(cache))
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length))))
      rmSync(join(cache, name), { recursive: true, force: true })
  const folder = join(cache, prefix + process.pid)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  return folder
}

export default async function setUp({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = makeFolder()
  const at = (name: string) => join(folder, name)
  const ends: (() => Promise<void>)[] = []
  const makers: Record<Shared, () => Promise<string>> = {
    async command() {
      await bundleCommand(at('command'))
      return join(at('command'), 'tokentray.js')
    },
    async conformanceClient() {
      const outfile = at('conformanceClient.mjs')
      const source = join(root, 'test', 'conformance', 'client.ts')
      await build({ ...onNode, entryPoints: [source], outfile, external: packaged })
      return outfile
    },
    async shell() {
      await bundleMain(at('shell'))
      return at('shell')
    },
    pages: () => buildPages(at('pages')),
    async chromium() {
      const { address, close } = await serveChromium()
      ends.push(close)
      return address
    }
  }
  const made = new Map<string, Promise<string>>()
  const make = (name: string) => {
    const maker = makers[name as Shared]
    if (!maker) return Promise.reject(new Error(`nothing shared is called "${name}"`))
    if (!made.has(name)) made.set(name, maker())
    return made.get(name)!
  }
  const server = createServer((request, response) => {
    make(request.url?.slice(1) ?? '').then(
      (where) => response.end(where),
      (error: Error) => response.writeHead(500).end(error.message)
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  provide('sharedAt', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return async () => {
    server.closeAllConnections()
    server.close()
    // One that is just being made is waited for, so that it is ended too.
    await Promise.allSettled(made.values())
    await Promise.all(ends.map((end) => end()))
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}
