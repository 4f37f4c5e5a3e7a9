// Hands a secret link to a browser in a private file, since every user of the machine could read an argument.
// The page in that file opens the link; whoever wrote the file removes it when the link was used or has expired.
import { existsSync, lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateFolder } from '../base/paths.ts'

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

/**
 * Removes what an owner that was killed left in `folder`: pages from before `time`, whose links are dead. ms since the
 * epoch.
 */
export function sweepRedirects(folder: string, time: number): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    if (!/^open-[\da-f]+\.html$/.test(name)) continue
    const file = join(folder, name)
    // Younger ones may be another owner's: vaults share this folder.
    const found = lstatSync(file, { throwIfNoEntry: false })
    if (found && found.mtimeMs < time) removeRedirect(file)
  }
}

export function removeRedirect(file: string): void {
  rmSync(file, { force: true })
}
