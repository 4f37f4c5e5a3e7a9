// The contract's part on connecting clients: what would be written into a client's file, writing it, taking it back.
// No field here can hold a key: diffs and entries come masked, and the key goes from the vault's owner into the file.
import { z } from 'zod'
import { cliOnly, everyDoor } from './door.ts'

const way = z.enum(['key', 'oauth', 'stdio'])
const server = z.string().min(1)
const client = z.string().min(1).max(60)

export const connectableClient = z
  .object({
    id: z.string(),
    name: z.string(),
    /** Its file on this machine; null: it is told what to enter by hand. */
    path: z.string().nullable(),
    /** The first is taken unless another is asked for. */
    ways: z.array(way),
    mark: z.enum(['verified', 'cited', 'unverified']),
    source: z.string().nullable(),
    note: z.string()
  })
  .strict()

export const connectPlan = z
  .object({
    /** To be applied within ten minutes; null: there is nothing to write. */
    plan: z.string().nullable(),
    client: z.string(),
    server: z.string(),
    way,
    path: z.string().nullable(),
    state: z.enum(['new', 'changed', 'connected', 'foreign', 'manual']),
    canWrite: z.boolean(),
    /** What would change, as a unified diff, masked. */
    diff: z.string(),
    /** The entry by itself, masked. */
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
  /** Writes exactly what the plan showed; refused where the file was changed since. */
  'connect.apply': {
    doors: everyDoor,
    input: z.object({ plan: z.string() }).strict(),
    output: z.object({ path: z.string(), backup: z.string().nullable() }).strict()
  },
  /** Brings back the file from before, else takes the entry out; ends its key. */
  'connect.undo': {
    doors: everyDoor,
    input: z.object({ client, server }).strict(),
    output: z.object({ path: z.string(), changed: z.boolean(), revoked: z.number().int() }).strict()
  },
  /** A key in memory for a running `tokentray mcp`. `run` tells one run of it from the next; the key ends within the hour. */
  'clients.bridgeKey': {
    doors: cliOnly,
    input: z.object({ server, run: z.string().min(1).max(80), pid: z.number().int() }).strict(),
    output: z.object({ key: z.string(), id: z.string(), server: z.string(), expiresAt: z.number().int() }).strict()
  }
} as const

export type ConnectableClient = z.infer<typeof connectableClient>
export type ConnectPlan = z.infer<typeof connectPlan>
