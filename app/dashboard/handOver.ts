// Hands a one-time link to a browser through a private file: an argument could be read by every user of the machine.
// The page in it goes to the link by itself; the owner removes it when the link was used or has run out.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateFolder } from '../paths.ts'

/** Writes the page that goes to `link` into `folder`, 0600, under a `name` of its own. Returns where it is. */
export function writeRedirect(folder: string, name: string, link: string): string {
  makePrivateFolder(folder)
  const file = join(folder, `open-${name}.html`)
  const page =
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">' +
    `<meta http-equiv="refresh" content="0;url=${link}"><title>Opening Tokentray</title><p>Opening Tokentray…</p></html>\n`
  // 'wx': never into a file, or through a link, that somebody else put there.
  writeFileSync(file, page, { mode: 0o600, flag: 'wx' })
  return file
}

export function removeRedirect(file: string): void {
  rmSync(file, { force: true })
}
