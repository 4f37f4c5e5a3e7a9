// Loaded into the client: writes the URL of every module it loaded, and which of Node's own large parts, to a file at its end.
// The file is named by TOKENTRAY_BENCH_LOADED.
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded = new Set()
registerHooks({
  load(url, context, next) {
    loaded.add(url)
    return next(url, context)
  }
})
process.on('exit', () => {
  const own = process.moduleLoadList.some((name) => name.endsWith('internal/deps/undici/undici')) ? ['node:undici'] : []
  writeFileSync(process.env.TOKENTRAY_BENCH_LOADED, JSON.stringify([...loaded, ...own]))
})
