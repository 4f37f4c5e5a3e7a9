// Reads files that a person named or that lie at a known place, and refuses at once whatever is not a regular file.
// Opening a named pipe would wait for a writer that may never come, and no signal could end the process meanwhile.
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'

/** Windows has neither flag, and no pipes or devices among its files. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** The code of the error for a pipe, a device or a socket; a folder has the system's own EISDIR. See sayProblem(). */
export const notRegular = 'not_regular'

function refuseOther(stats: Stats, file: string): void {
  if (stats.isFile()) return
  const code = stats.isDirectory() ? 'EISDIR' : notRegular
  throw Object.assign(new Error(`${code}: not a regular file: ${file}`), { code })
}

/** The bytes of `file`. Rejects with the system's error, or one with the code `notRegular`. */
export async function readRegularFile(file: string): Promise<Buffer> {
  const opened = await open(file, flags)
  try {
    refuseOther(await opened.stat(), file)
    return await opened.readFile()
  } finally {
    await opened.close()
  }
}

/** The same as text, for small files at a start or in a command. `judge` gets what was opened, and may throw, before it is read. */
export function readRegularFileSync(file: string, judge: (stats: Stats) => void = () => {}): string {
  const opened = openSync(file, flags)
  try {
    const stats = fstatSync(opened)
    refuseOther(stats, file)
    judge(stats)
    return readFileSync(opened, 'utf8')
  } finally {
    closeSync(opened)
  }
}
