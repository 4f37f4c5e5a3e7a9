// Which users of this computer may use the gateway: its own, root, and those that the settings name (`gatewayUsers`).
// One more wall before the key and never the only one: a relay of this user (ssh -L) makes strangers look like this user.
import { existsSync, readFileSync } from 'node:fs'
import type { Peer } from '../net/peers.ts'

/**
 * 'own': this user's; 'admitted': root's or one that the settings name; 'unknown': nobody can tell; 'gone': nobody waits for
 * an answer; else the uid of a user who is refused.
 */
export type Sender = 'own' | 'admitted' | 'unknown' | 'gone' | { refused: number }

/** What this process can know of its machine. */
export type Machine = {
  ownUid: number
  /** In a user namespace: users that it cannot name show as one uid, `overflowUid`. */
  isInUserNamespace: boolean
  overflowUid: number
  /** Other people have accounts here, and this is no container: who cannot be told may be one of them. */
  isShared: boolean
}

export function judgePeer(
  peer: Peer,
  { ownUid, isInUserNamespace, overflowUid }: Machine,
  users: readonly number[]
): Sender {
  if (typeof peer === 'string') return peer
  if (peer === ownUid) return 'own'
  if (isInUserNamespace && peer === overflowUid) return 'unknown'
  return peer === 0 || users.includes(peer) ? 'admitted' : { refused: peer }
}

/** For the person who runs Tokentray, and for whoever was refused. */
export const sayRefused = (uid: number): string =>
  `User ${uid} of this computer may not use this gateway. If this is your reverse proxy or a program you trust, add ${uid} to "gatewayUsers" in the settings file and restart Tokentray.`

export const unknownSender =
  'Tokentray could not tell which user of this computer sent this request, so it was refused. Send it from a program of your own.'

/** Reads a file of the system; '' where it is missing or may not be read. */
export type ReadFile = (path: string) => string

const readOrNothing: ReadFile = (path) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Null where peers cannot be told apart: on every system but Linux. */
export function readMachine(
  platform = process.platform,
  ownUid = process.getuid?.() ?? -1,
  read: ReadFile = readOrNothing,
  exists: (path: string) => boolean = existsSync
): Machine | null {
  if (platform !== 'linux') return null
  const isInUserNamespace = read('/proc/self/uid_map').trim().split(/\s+/).join(' ') !== '0 0 4294967295'
  // A Windows program that calls into WSL has no user here either.
  const isWsl = /microsoft/i.test(read('/proc/sys/kernel/osrelease'))
  const isContainer = ['/.dockerenv', '/run/.containerenv', '/.flatpak-info'].some(exists)
  return {
    ownUid,
    isInUserNamespace,
    overflowUid: Number(read('/proc/sys/kernel/overflowuid')) || 65_534,
    isShared: !isInUserNamespace && !isWsl && !isContainer && hasOtherPeople(read('/etc/passwd'), ownUid)
  }
}

/** Accounts of people have uids from 1000 on and a shell. A user that is not in the file comes from a directory of many. */
function hasOtherPeople(passwd: string, ownUid: number): boolean {
  const accounts = passwd.split('\n').flatMap((line) => {
    const [, , uid = '', , , , shell = ''] = line.split(':')
    return uid === '' ? [] : [{ uid: Number(uid), shell }]
  })
  if (!accounts.some(({ uid }) => uid === ownUid)) return true
  return accounts.some(
    ({ uid, shell }) => uid !== ownUid && uid >= 1000 && uid < 65_534 && !/\/(nologin|false)$/.test(shell)
  )
}
