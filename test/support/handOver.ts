// What a browser does with the private file that sends it to a sign-in: reads the link in it, and is sent on.
// Without one, since most tests of sign-ins are not about browsers.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The link in a redirect file. */
export const linkIn = (file: string): string => /content="0;url=([^"]+)"/.exec(readFileSync(file, 'utf8'))![1]!

/** Where the redirect file leads in the end. `file`: a path or a file URL. */
export async function readHandOver(file: string): Promise<string> {
  const reply = await fetch(linkIn(file.startsWith('file:') ? fileURLToPath(file) : file), { redirect: 'manual' })
  await reply.body?.cancel()
  return reply.headers.get('location')!
}
