// Finds the program that listens on a port of this computer, in Linux's table of sockets; elsewhere nobody can tell.
// A port that Tokentray's clients know and another user holds is more than a nuisance: the clients send their keys there.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { readRow } from './socketTable.ts'

/** `pid` and `name`: null where the process is another user's, whose open files only root may see. */
export type PortHolder = { uid: number; pid: number | null; name: string | null }

const listening = '0A'

/** Who listens on `port`, on any address; null: nobody, or the system does not say. */
export function findPortHolder(port: number): PortHolder | null {
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readText(`/proc/self/net/${table}`).split('\n').slice(1)) {
      const { local, state, uid, inode } = readRow(line)
      if (state !== listening || Number.parseInt(local.split(':')[1] ?? '', 16) !== port) continue
      const pid = findProcess(inode)
      // By its file: Node names its main thread, and so the process, `MainThread`.
      const name = pid === null ? '' : basename(readLink(`/proc/${pid}/exe`) ?? '')
      return { uid, pid, name: name || null }
    }
  }
  return null
}

/** For sentences: "process 12 (nginx) of user 33". */
export function describeHolder({ uid, pid, name }: PortHolder): string {
  const who = pid === null ? 'a process' : `process ${pid}${name === null ? '' : ` (${name})`}`
  return `${who} of user ${uid}`
}

function findProcess(inode: string): number | null {
  const wanted = `socket:[${inode}]`
  for (const pid of readNames('/proc'))
    if (/^\d+$/.test(pid) && readNames(`/proc/${pid}/fd`).some((fd) => readLink(`/proc/${pid}/fd/${fd}`) === wanted))
      return Number(pid)
  return null
}

/** Each of these may have ended, or be another user's: then there is nothing to tell. */
const readText = (path: string) => attempt(() => readFileSync(path, 'latin1')) ?? ''
const readNames = (path: string) => attempt(() => readdirSync(path)) ?? []
const readLink = (path: string) => attempt(() => readlinkSync(path))

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
