// Connects a client to a server: plans what would change in the client's file, writes it, and undoes it.
// A key is made only when a file is about to be written, so that looking at a plan leaves nothing behind.
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { expose, type Secret } from '../base/secret.ts'
import { TokentrayError } from '../contract/errors.ts'
import { type ClientRow, clients, type Entry, findClient, type Launcher, type Place, type Way } from './clients.ts'
import { unifiedDiff } from './diff.ts'
import { changeEntry, editorOf, findEntry } from './edit.ts'
import { entryName, isOurs, keyShown, makeEntry, type Target, wayOf } from './entry.ts'
import { type Found, isInRepository, readConfig, writeConfig } from './file.ts'
import { hideKey, merge } from './merge.ts'

/** The named keys of the gateway, as far as connecting needs them. */
export interface Keys {
  /** A new key for this server alone. */
  make(name: string, server: string): Promise<{ id: string; key: Secret }>
  /** The ids of the valid keys of that name. */
  find(name: string): Promise<string[]>
  revoke(id: string): Promise<void>
  /** The key goes on for a while, for a client that runs and read its file before. */
  revokeSoon(id: string): Promise<void>
}

export type ConnectorOptions = {
  place: Place
  launcher: Launcher
  /** The gateway's origin, without a slash at its end. */
  gateway: () => Promise<string>
  /** Whether clients send this server their own credential (pass-through mode). */
  isPassThrough(server: string): boolean
  keys: Keys
  clock: Clock
  /** Tokentray's own folder for backups of files that lie in a repository. */
  backups: string
}

export type Wish = { client: string; server: string; way?: Way | undefined; replace?: boolean; rotate?: boolean }

/**
 * 'new': an entry is added. 'changed': our entry is updated. 'connected': nothing to do. 'foreign': Tokentray did not
 * write the entry of that name. 'manual': there is no file to write.
 */
export type PlanState = 'new' | 'changed' | 'connected' | 'foreign' | 'manual'

export type Plan = {
  row: ClientRow
  server: string
  way: Way
  path: string | null
  /** Where the bytes are, if `path` is a link; else `path`. */
  realPath: string | null
  /** What a person should know before they agree, in sentences. */
  warnings: readonly string[]
  state: PlanState
  canWrite: boolean
  /** Its key is replaced because a person wished so: the client goes on with the old one for a while. */
  rotates: boolean
  /** Masked: no key, and no string of another program. */
  diff: string
  /** The entry as it would stand in an empty file, the key masked. */
  snippet: string
  found: Found | null
  target: Target
}

export type Done = { path: string; backup: string | null; changed: boolean }

export function createConnector({ place, launcher, gateway, isPassThrough, keys, clock, backups }: ConnectorOptions) {
  /**
   * By path, the last write that an undo can reverse exactly: its server, a digest of its text, the backup before it.
   */
  const written = new Map<string, { server: string; digest: string; backup: string | null }>()
  const rowOf = (id: string): ClientRow => {
    const row = findClient(id)
    if (row) return row
    const known = clients.map((each) => each.id).join(', ')
    throw new TokentrayError('clientUnknown', `There is no client named "${id}". Known clients: ${known}.`)
  }
  /** A client's second profile has a file of its own, and so a key of its own. */
  function keyName(row: ClientRow, server: string): string {
    const file = row.file?.(place)
    const isUsual = file === row.file?.({ ...place, env: {} })
    return `${row.name}: ${server}${isUsual ? '' : ` [${digest(file ?? '').slice(0, 6)}]`}`
  }
  const read = (row: ClientRow, path: string) => readConfig(path, row.isPerProject ? place.cwd : undefined)
  const write = (found: Found, text: string | null, isSecret: boolean) =>
    writeConfig(found, text, { now: clock.now(), backups, isSecret })
  const targetOf = async (server: string): Promise<Target> => ({
    server,
    gateway: await gateway(),
    launcher,
    isPassThrough: isPassThrough(server)
  })

  function wayFor(row: ClientRow, wished: Way | undefined, target: Target): Way {
    if (target.isPassThrough && ((wished ?? 'key') !== 'key' || !row.ways.includes('key')))
      throw new TokentrayError(
        'inputInvalid',
        `${target.server} uses pass-through, so each client needs a key and its own Authorization header. ${row.name} cannot be connected that way.`
      )
    const way = wished ?? row.ways[0]!
    if (row.ways.includes(way)) return way
    throw new TokentrayError(
      'inputInvalid',
      `${row.name} cannot be connected with ${way}. Use ${row.ways.join(' or ')}.`
    )
  }

  /** @throws clientUnknown, inputInvalid, configUnreadable */
  async function plan(wish: Wish): Promise<Plan> {
    const row = rowOf(wish.client)
    const target = await targetOf(wish.server)
    const way = wayFor(row, wish.way, target)
    const wanted = makeEntry(row, way, target, keyShown)
    const name = entryName(wish.server)
    const rotates = wish.rotate ?? false
    const shared = { row, server: wish.server, way, target, rotates, snippet: snippetOf(row, name, wanted) }
    if (!row.file) return { ...shared, ...noFile }
    const path = row.file(place)
    const found = await read(row, path)
    const text = found.text ?? ''
    const present = findEntry(row, text, name, path)
    const state = await judgeEntry(present, { row, way, target, wish, wanted, found })
    const canWrite = state === 'new' || state === 'changed'
    const after = canWrite ? changeEntry(row, text, name, merge(present, wanted, target), path) : text
    const warnings = canWrite && way === 'key' ? warningsOf(found) : []
    const diff = diffOf(row, text, after, wanted, found.target)
    return { ...shared, path, realPath: found.target, warnings, state, canWrite, diff, found }
  }

  async function judgeEntry(
    present: unknown,
    o: { row: ClientRow; way: Way; target: Target; wish: Wish; wanted: Entry; found: Found }
  ): Promise<PlanState> {
    const { row, way, target, wish, wanted } = o
    if (present === undefined) return 'new'
    if (!isOurs(present, target)) return wish.replace ? 'changed' : 'foreign'
    const isSame = isDeepStrictEqual(hideKey(present), hideKey(merge(present, wanted, target)))
    if (!isSame || (wish.rotate && way === 'key')) return 'changed'
    // A key that others could read is known to them.
    if (way === 'key' && o.found.isShared) return 'changed'
    // An entry whose key was revoked has to be written again: the client gets no access with it.
    const isAlive = way !== 'key' || (await keys.find(keyName(row, target.server))).length > 0
    return isAlive ? 'connected' : 'changed'
  }

  /** Writes what the plan showed. @throws entryForeign, configChanged, configUnwritable, configUnreadable */
  async function apply(made: Plan): Promise<Done> {
    const { row, server, way, target, found, path } = made
    if (!found || path === null)
      throw new TokentrayError(
        'inputInvalid',
        `${row.name} has no file that Tokentray can write. Copy the entry shown.`
      )
    if (made.state === 'foreign') throw foreign(server, path)
    if (made.state === 'connected') return { path, backup: null, changed: false }
    const name = entryName(server)
    const text = found.text ?? ''
    const old = await keys.find(keyName(row, server))
    const newKey = way === 'key' ? await keys.make(keyName(row, server), server) : null
    let backup: string | null
    try {
      const entry = makeEntry(row, way, target, newKey ? expose(newKey.key) : '')
      const present = findEntry(row, text, name, path)
      const after = changeEntry(row, text, name, merge(present, entry, target), path)
      backup = await write(found, after, way === 'key')
      // An earlier entry of ours held a key that is revoked below, so restoring it would be of no use.
      if (!isOurs(present, target)) written.set(path, { server, digest: digest(after), backup })
    } catch (error) {
      // The key was not written anywhere, so it must not stay valid.
      if (newKey) await keys.revoke(newKey.id)
      throw error
    }
    // A key that others could read is ended at once, also where it is only rotated.
    for (const id of old) await (made.rotates && !found.isShared ? keys.revokeSoon(id) : keys.revoke(id))
    return { path, backup, changed: true }
  }

  /** What removing the entry would change. `canWrite` false: there is none that Tokentray wrote. */
  async function planRemoval({ client, server }: { client: string; server: string }): Promise<Plan> {
    const row = rowOf(client)
    const target = await targetOf(server)
    const name = entryName(server)
    const shared = { row, server, target, way: row.ways[0]!, rotates: false, snippet: '' }
    if (!row.file) return { ...shared, ...noFile }
    const path = row.file(place)
    const found = await read(row, path)
    const unchanged = { path, realPath: found.target, warnings: [], canWrite: false, diff: '', found }
    const text = found.text ?? ''
    const present = findEntry(row, text, name, path)
    if (present === undefined) return { ...shared, ...unchanged, state: 'new' }
    if (!isOurs(present, target)) return { ...shared, ...unchanged, state: 'foreign' }
    const after = changeEntry(row, text, name, undefined, path)
    const way = wayOf(present as Entry)
    const diff = diffOf(row, text, after, makeEntry(row, way, target, keyShown), found.target)
    return { ...shared, ...unchanged, way, state: 'connected', canWrite: true, diff }
  }

  /** Removes exactly that entry and revokes its key. @throws entryForeign, configChanged, configUnwritable */
  async function remove(made: Plan): Promise<Done & { revoked: number }> {
    const { row, server, found, path } = made
    if (made.state === 'foreign' && path !== null) throw foreign(server, path)
    let backup: string | null = null
    if (made.canWrite && found && path !== null) {
      const after = changeEntry(row, found.text ?? '', entryName(server), undefined, path)
      backup = await write(found, after, false)
    }
    const ids = await keys.find(keyName(row, server))
    for (const id of ids) await keys.revoke(id)
    return { path: path ?? '', backup, changed: made.canWrite, revoked: ids.length }
  }

  /** Restores the file from before `apply` if nobody changed it since; else only removes the entry. Revokes its key. */
  async function undo({ client, server }: { client: string; server: string }): Promise<Done & { revoked: number }> {
    const made = await planRemoval({ client, server })
    const last = made.path === null ? undefined : written.get(made.path)
    const isLast = last?.server === made.server && last.digest === digest(made.found?.text ?? '')
    if (made.path === null || !made.found || !last || !isLast) return remove(made)
    written.delete(made.path)
    const before = last.backup === null ? null : await readConfig(last.backup).catch(() => ({ text: null }))
    // The backup is gone: the earlier file cannot be restored, and deleting this one would lose it for good.
    if (before?.text === null) return remove(made)
    await write(made.found, before?.text ?? null, false)
    if (last.backup !== null) await rm(last.backup, { force: true })
    return { ...(await remove({ ...made, canWrite: false, state: 'new' })), changed: true }
  }

  /** The entry to copy by hand, with a new key in it. */
  async function snippetWithKey(made: Plan): Promise<string> {
    const { row, server, way, target } = made
    const newKey = way === 'key' ? await keys.make(keyName(row, server), server) : null
    return snippetOf(row, entryName(server), makeEntry(row, way, target, newKey ? expose(newKey.key) : ''))
  }

  return { plan, apply, planRemoval, remove, undo, snippetWithKey }
}

function warningsOf({ target, isShared }: Found): string[] {
  const shared =
    'Other users can read this file now. Since it will contain a key, only you can read it afterwards (0600).'
  const inRepository =
    'This file is in a repository. Do not commit the key: connect with --stdio or --oauth if you share the repository.'
  return [...(isShared ? [shared] : []), ...(isInRepository(dirname(target)) ? [inRepository] : [])]
}

const noFile = {
  path: null,
  realPath: null,
  warnings: [],
  state: 'manual',
  canWrite: false,
  diff: '',
  found: null
} as const

export type Connector = ReturnType<typeof createConnector>

const digest = (text: string) => createHash('sha256').update(text).digest('hex')

function foreign(server: string, path: string): TokentrayError {
  return new TokentrayError(
    'entryForeign',
    `${path} already has an entry "${entryName(server)}" that Tokentray did not write. Rename it, or use --replace to replace it.`
  )
}

const snippetOf = (row: ClientRow, name: string, entry: Entry) => editorOf(row).snippet([...row.table, name], entry)

function diffOf(row: ClientRow, before: string, after: string, entry: Entry, path: string): string {
  const editor = editorOf(row)
  const shown = new Set(stringsOf(entry))
  return unifiedDiff(editor.mask(before, shown), editor.mask(after, shown), path)
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : []
}
