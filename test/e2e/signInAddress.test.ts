// H4: another user of this computer reads the arguments of all programs while a person signs in. Nothing he finds there lets him
// sign in with an account of his own in the person's place, or end the sign-in.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isSkipped } from '../support/skipped.ts'
import { noStranger, startStranger } from '../support/stranger.ts'
import { makeHome, makeUpstream, type Result } from './harness.ts'

/** Prints each address among the arguments of the browser, which is known by its script, and at once takes or reads it. */
const reader = `
import { readdirSync, readFileSync } from 'node:fs'
const seen = new Set()
const look = () => {
  for (const pid of readdirSync('/proc').filter((name) => /^\\d+$/.test(name))) {
    let words = []
    try { words = readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0') } catch {}
    if (!words.includes(process.argv.at(-1))) continue
    for (const word of words) {
      if (!/^(https?|file):\\/\\/\\S+$/.test(word) || seen.has(word)) continue
      seen.add(word)
      console.log(JSON.stringify({ found: word }))
      if (word.startsWith('http')) fetch(word, { redirect: 'manual' }).then(
        (reply) => console.log(JSON.stringify({ took: word, status: reply.status, location: reply.headers.get('location') })),
        () => {}
      )
      else { let text = null; try { text = readFileSync(new URL(word), 'utf8') } catch {} ; console.log(JSON.stringify({ read: word, text })) }
    }
  }
  setImmediate(look)
}
console.log(JSON.stringify({ ready: true }))
look()
`

type Line = {
  found?: string
  took?: string
  read?: string
  text?: string | null
  status?: number
  location?: string | null
}

/** A browser that stays while it is open, so that whoever looks has the time to. */
const browserScript = (approver: string) => `
await import(${JSON.stringify(approver)})
setTimeout(() => {}, 20_000)
`

/**
 * A browser in a sandbox that reads no file of ours, and opens what it gets a second late. In bash, which starts at once: on a
 * busy machine Node would come too late to be the second.
 */
const blindScript = `
address=\${@: -1}
if [[ $address == http://* ]]; then
  rest=\${address#http://}
  host=\${rest%%/*}
  sleep 1
  exec 3<>/dev/tcp/\${host%:*}/\${host#*:}
  printf 'GET /%s HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' "\${rest#*/}" "$host" >&3
  cat <&3 >/dev/null
fi
sleep 20
`

/** Adds a server with that browser while a stranger looks; resolves with how it ended and what he found. */
async function signInWatched(isBlind: boolean): Promise<{ result: Result; lines: Line[] }> {
  const { mcp } = await makeUpstream()
  const home = await makeHome()
  await home.serve()
  const script = join(home.folder, isBlind ? 'browser.sh' : 'browser.mjs')
  writeFileSync(script, isBlind ? blindScript : browserScript(join(import.meta.dirname, 'browser.ts')))
  const stranger = startStranger(reader, script)
  await stranger.next()
  const browser = `'${isBlind ? '/bin/bash' : process.execPath}' '${script}'`
  const result = await home.tokentray(['add', mcp.url, '--id', 'one'], { env: { BROWSER: browser } })
  const lines: Line[] = []
  // Its reply may come after the sign-in has ended.
  while (!lines.some(({ read, took }) => (isBlind ? took : read))) lines.push((await stranger.next()) as Line)
  lines.push(...(stranger.rest() as Line[]))
  await stranger.stop()
  return { result, lines }
}

describe.skipIf(isSkipped(noStranger !== null, noStranger ?? ''))('H4 the arguments of the browser name', () => {
  test('a file that nobody else can read', async () => {
    const { result, lines } = await signInWatched(false)
    expect(result.code).toBe(0)
    const read = lines.filter((line) => line.read?.includes('/open-'))
    expect(read).toEqual([{ read: expect.stringMatching(/^file:/), text: null }])
    expect(JSON.stringify(lines)).not.toMatch(/state=|code_challenge/)
  })
  test('else a link that says nothing; where he takes it first, the sign-in ends and nobody is signed in', async () => {
    const { result, lines } = await signInWatched(true)
    expect(result.code).not.toBe(0)
    expect(result.err).toContain('its link was opened twice')
    const took = lines.filter((line) => line.took)
    expect(took.length).toBeGreaterThan(0)
    for (const { location, status } of took) expect([location, status]).toEqual([null, 410])
    expect(JSON.stringify(lines)).not.toMatch(/state=|code_challenge/)
  })
})
