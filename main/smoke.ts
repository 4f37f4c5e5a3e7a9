// The smoke test inside a packaged application: with a vault in memory, waits until the real window has shown a snapshot.
// A fused application cannot be driven from outside, so it looks at itself and prints one line of JSON.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WebContents } from 'electron'
import { sleep } from '../app/base/clock.ts'
import type { Hosting } from '../app/owner/hosting.ts'

/** A packaged application's first start on a busy machine. */
const timeoutMs = 120_000
const retryMs = 100

export function isSmokeStart(argv: readonly string[]): boolean {
  return argv.includes('--smoke')
}

/** A throw-away home; nothing of the person's own is touched. */
export function makeSmokeHome(): { TOKENTRAY_HOME: string; TOKENTRAY_VAULT: string } {
  return { TOKENTRAY_HOME: mkdtempSync(join(tmpdir(), 'tokentray-smoke-')), TOKENTRAY_VAULT: ':memory:' }
}

/** True when the page got a snapshot from the core and painted something; tells so in one line of JSON. */
export async function proveIt(
  { clock, version }: Pick<Hosting, 'clock' | 'version'>,
  contents: WebContents
): Promise<boolean> {
  const script = `new Promise((resolve) => {
    window.tokentray.onMessage(({ snapshot }) => snapshot && resolve({
      revision: snapshot.revision,
      vault: snapshot.vault.state,
      keys: Object.keys(window.tokentray).sort().join(),
      node: typeof require + typeof process,
      text: document.body.innerText.trim().length
    }))
  })`
  const deadline = clock.now() + timeoutMs
  let seen: { revision: number; vault: string; keys: string; node: string; text: number } | null = null
  while (clock.now() < deadline) {
    seen = await Promise.race([
      contents.executeJavaScript(script).catch(() => null),
      sleep(clock, retryMs * 10).then(() => null)
    ])
    if (seen && seen.text > 0) break
    await sleep(clock, retryMs)
  }
  const ok =
    seen !== null &&
    seen.text > 0 &&
    seen.vault === 'open' &&
    seen.keys === 'call,onMessage' &&
    seen.node === 'undefinedundefined'
  console.log(JSON.stringify({ smoke: ok, version, electron: process.versions.electron ?? null, seen }))
  return ok
}
