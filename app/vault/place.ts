// Where a vault may lie: on a local disk, in a folder and a file that are the user's own. Checked at each start.
// Looks at names and permissions only, and never opens the vault.
import { accessSync, chmodSync, constants, lstatSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { makeFolder, nearestReal } from '../base/folder.ts'
import { TokentrayError } from '../contract/errors.ts'
import { sidecarPath } from './sidecar.ts'

/** File systems that keep no permissions: what stat() says of them is the same for every file. */
export const hasNoModes = /^(vfat|msdos|exfat|ntfs3?|fuseblk|9p|drvfs|cifs|smb\d?|smbfs|virtiofs|fuse\.\S+)$/

// The kernel's own views: no file can be made there, or none that is kept.
const virtual =
  /^(proc|sysfs|cgroup2?|debugfs|tracefs|securityfs|configfs|bpf|pstore|efivarfs|devpts|mqueue|selinuxfs|fusectl)$/

/** `mountPoint` of the file system a folder lies on, and its `type` as the kernel names it. */
export type Mount = { mountPoint: string; type: string; isReadOnly?: boolean }

// Locks are advisory or absent there, or the disk's cache is somebody else's: SQLite loses data.
const remote =
  /^(nfs\d?|cifs|smb\d?|smbfs|9p|drvfs|afs|ncpfs|ceph|glusterfs|fuse\.(sshfs|rclone|s3fs|gcsfuse|davfs2?|smb.*|glusterfs))$/

/** The mount `folder` (an absolute, resolved path) lies on; null where the system does not say. */
export function readMount(folder: string): Mount | null {
  let table: string
  try {
    table = readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return null
  }
  const mounts = table.split('\n').flatMap((line) => {
    // proc(5): … mount point (field 5), its options … " - " type …
    const [before, after] = line.split(' - ')
    const [mountPoint, options] = before?.split(' ').slice(4) ?? []
    const type = after?.split(' ')[0]
    const isReadOnly = options?.split(',').includes('ro') ?? false
    return mountPoint && type ? [{ mountPoint: mountPoint.replaceAll('\\040', ' '), type, isReadOnly }] : []
  })
  const holds = ({ mountPoint }: Mount) =>
    folder === mountPoint || folder.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`)
  // The last of equally long ones: later mounts lie over earlier ones.
  return mounts
    .filter(holds)
    .reduce<Mount | null>((a, b) => (a && a.mountPoint.length > b.mountPoint.length ? a : b), null)
}

/**
 * Creates the vault's folder (0700) and checks folder and, where they exist, vault and sidecar; mends what is ours to mend
 * and says so by `notice`. Throws `vaultUnsuitable`, `vaultNotPrivate`, `vaultUnwritable`.
 */
export function checkPlace(
  vault: string,
  notice: (sentence: string) => void,
  mountOf: (folder: string) => Mount | null = readMount
): void {
  const folder = dirname(vault)
  refuseRemote(folder, mountOf)
  refuseForeign(folder)
  try {
    makeFolder(folder)
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new TokentrayError(
      'vaultUnwritable',
      `The folder ${folder} cannot be written. Make it writable for your user.`,
      {
        cause: error
      }
    )
  }
  // Windows: the profile's access list, inherited, says who may read.
  if (process.getuid) {
    checkFolder(folder, notice, process.getuid())
    for (const path of [vault, `${vault}-wal`, `${vault}-shm`, sidecarPath(vault)]) {
      checkFile(path, notice, process.getuid())
    }
  }
}

/** Throws `vaultUnsuitable` where `folder`, which need not exist yet, is or would be on a disk of somebody else's, or on none. */
export function refuseRemote(folder: string, mountOf: (folder: string) => Mount | null = readMount): void {
  const mount = mountOf(nearestReal(folder))
  if (mount && virtual.test(mount.type))
    throw new TokentrayError(
      'vaultUnsuitable',
      `${folder} is in a file system of the kernel (${mount.type}), where no files can be kept. Choose a local folder with TOKENTRAY_HOME or TOKENTRAY_VAULT.`
    )
  const isRemote = mount !== null && remote.test(mount.type)
  // A Windows drive as WSL shows it; a disk of one's own mounted there is fine.
  const isDrive = /^\/mnt\/[a-z](\/|$)/.test(folder) && !mount?.mountPoint.startsWith(folder.slice(0, 6))
  if (!isRemote && !isDrive) return
  throw new TokentrayError(
    'vaultUnsuitable',
    `${folder} is on ${isRemote ? `a network or shared file system (${mount.type})` : 'a Windows drive'}, where the vault could be lost. Choose a local folder with TOKENTRAY_HOME or TOKENTRAY_VAULT.`
  )
}

/**
 * Throws `vaultNotPrivate` where `folder` is there and belongs to another user, who could replace whatever is put in it. Root may
 * own it, as the folders that containers mount; root itself is refused like everybody.
 */
export function refuseForeign(folder: string, user: number | undefined = process.getuid?.()): void {
  const owner = user === undefined ? undefined : ownerOf(folder)
  if (owner === undefined || owner === user || owner === 0) return
  throw new TokentrayError(
    'vaultNotPrivate',
    `The folder ${folder} belongs to another user (${owner}), so it was not used. Run Tokentray as that user (in a container: --user ${owner}), or run "chown -R ${user}" on the folder.`
  )
}

/** undefined: there is none, or it may not be seen, which whoever makes or uses it reports. */
function ownerOf(folder: string): number | undefined {
  try {
    return statSync(folder).uid
  } catch {
    return undefined
  }
}

function checkFolder(folder: string, notice: (sentence: string) => void, user: number): void {
  const { mode, uid } = statSync(folder)
  const open = mode & 0o077
  const isOurOwn = uid === user && /tokentray/i.test(basename(folder))
  if (open && isOurOwn) {
    chmodSync(folder, 0o700)
    notice(`The folder ${folder} was open to other users. It is now private again (0700).`)
  } else if (mode & 0o022 && !(mode & 0o1000)) {
    // Not mended: a folder that is not named after us serves others too. The sticky bit protects our files' names.
    throw new TokentrayError(
      'vaultNotPrivate',
      `Other users can replace files in ${folder}. Run "chmod go-w" on it or choose another folder for the vault.`
    )
  } else if (open && uid === user && !(mode & 0o1000)) {
    notice(`Other users can list the folder ${folder}. Run "chmod 700" on it if only Tokentray uses it.`)
  }
}

function checkFile(path: string, notice: (sentence: string) => void, user: number): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  const { mode, uid } = found.isSymbolicLink() ? statSync(path) : found
  if (uid !== user) {
    throw new TokentrayError('vaultNotPrivate', `${path} belongs to another user. Run Tokentray as that user.`)
  }
  if (mode & 0o077) {
    chmodSync(path, 0o600)
    notice(`${path} was open to other users. It is now private again (0600).`)
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    throw new TokentrayError('vaultUnwritable', `${path} cannot be written. Make it writable for your user.`, {
      cause: error
    })
  }
}
