#!/usr/bin/env node
// The `tokentray` command: starts the bundled client where there is one, else the sources, under a Node that is new enough.
// Must itself run on Node 20, so that a fresh clone needs nothing installed first.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureNode, ensurePackages, isNewEnough, root, runNode } from './node.mjs'

const bundle = join(root, 'dist', 'tokentray.js')
const isCheckout = existsSync(join(root, 'app', 'cli', 'main.ts'))
// In a checkout the sources win, so that an old bundle never hides an edit.
if (isCheckout) ensurePackages()
const entry = isCheckout ? join(root, 'app', 'cli', 'main.ts') : bundle
if (isNewEnough(process.versions.node)) {
  process.argv[1] = entry
  await import(`file://${entry}`)
} else runNode(ensureNode(), [entry, ...process.argv.slice(2)])
