// The commands that connect MCP clients to servers: show what would be written into a client's file, write it, undo it.
// Diffs and entries come with their key masked; only `clients.bridgeKey`, for the command line, returns a key.
import { z } from 'zod'
import { cliOnly, everyDoor } from './door.ts'

const way = z.enum(['key', 'oauth', 'stdio'])
const server = z.string().min(1)
const client = z.string().min(1).max(60)

export const connectableClient = z
  .object({
    id: z.string(),
    name: z.string(),
    /** Its settings file on this machine; null: unknown, so the person copies the entry by hand. */
    path: z.string().nullable(),
    /** The ways it can be connected; the first is the default. */
    ways: z.array(way),
    mark: z.enum(['verified', 'cited', 'unverified']),
    source: z.string().nullable(),
    note: z.string()
  })
  .strict()

export const connectPlan = z
  .object({
    /** The id for `connect.apply`, valid for ten minutes; null: there is nothing to write. */
    plan: z.string().nullable(),
    client: z.string(),
    server: z.string(),
    way,
    path: z.string().nullable(),
    state: z.enum(['new', 'changed', 'connected', 'foreign', 'manual']),
    canWrite: z.boolean(),
    /** What would change, as a unified diff; keys and strings of other programs are masked. */
    diff: z.string(),
    /** The entry alone, its key masked. */
    snippet: z.string(),
    note: z.string()
  })
  .strict()

export const connectCommands = {
  'connect.list': {
    doors: everyDoor,
    input: z.object({}).strict(),
    output: z.object({ clients: z.array(connectableClient) }).strict()
  },
  'connect.plan': {
    doors: everyDoor,
    input: z
      .object({ client, server, way: way.optional(), replace: z.boolean().optional(), rotate: z.boolean().optional() })
      .strict(),
    output: connectPlan
  },
  /** Writes exactly what the plan showed; fails with `configChanged` if the file was changed since. */
  'connect.apply': {
    doors: everyDoor,
    input: z.object({ plan: z.string() }).strict(),
    output: z.object({ path: z.string(), backup: z.string().nullable() }).strict()
  },
  /** Restores the file from before, or only removes the entry if the file was changed since; revokes its key. */
  'connect.undo': {
    doors: everyDoor,
    input: z.object({ client, server }).strict(),
    output: z.object({ path: z.string(), changed: z.boolean(), revoked: z.number().int() }).strict()
  },
  /**
   * A key for one running `tokentray mcp`, kept in memory for at most an hour. `run`: an id that each run chooses anew.
   */
  'clients.bridgeKey': {
    doors: cliOnly,
    input: z.object({ server, run: z.string().min(1).max(80), pid: z.number().int() }).strict(),
    output: z.object({ key: z.string(), id: z.string(), server: z.string(), expiresAt: z.number().int() }).strict()
  }
} as const

export type ConnectableClient = z.infer<typeof connectableClient>
export type ConnectPlan = z.infer<typeof connectPlan>
