// A passphrase typed at a real terminal: nothing of it is shown, and nobody has to wait for the person who types it.
// The terminal is a pseudo-terminal made by script(1), which echoes what is typed as any terminal does.
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isSkipped } from '../support/skipped.ts'
import { makeHome, passphrase } from './harness.ts'

const hasScript = existsSync('/usr/bin/script') && process.platform === 'linux'

test.skipIf(isSkipped(!hasScript, 'needs script(1) of util-linux'))(
  'serve asks three times without an echo, and other commands use the vault meanwhile',
  async () => {
    const home = await makeHome()
    expect((await home.tokentray(['list'])).code).toBe(0)
    const env = { TOKENTRAY_PASSPHRASE: undefined }
    const serve = home.start(['serve', '--no-dashboard', '--no-gateway'], { env, terminal: true })
    await serve.line(/Vault passphrase:/)
    // It waits for its person, and holds up nobody.
    expect((await home.tokentray(['list'])).code).toBe(0)
    // Typed ahead, so that some of it arrives while the first answer is still being judged.
    serve.type('wrong-1\nwrong-2\n')
    expect((await home.tokentray(['list'])).code).toBe(0)
    serve.type(`${passphrase}\n`)
    await serve.line(/is running \(process \d+\)/)
    serve.type('\u0003')
    const { out } = await serve.ended
    for (const typed of ['wrong-1', 'wrong-2', passphrase]) expect(out).not.toContain(typed)
  }
)
