// The commands on the gateway's local clients: who waits for consent, who may use which server, and what they used.
// `clients.addKey` is the only command here that returns a secret: the new key, shown once and never again.
import { z } from 'zod'
import { cliOnly, everyDoor, nothing } from './door.ts'
import { refusalKinds } from './refusals.ts'
import { serverId } from './serverConfig.ts'

const time = z.number().int()
const name = z.string().trim().min(1).max(100)
const servers = z.array(z.string().min(1)).min(1).max(200)

/** A client that waits for consent. `asks`: the servers it asked for; null: it named none, so the person chooses. */
export const pendingClient = z
  .object({
    request: z.string(),
    name: z.string(),
    redirectUri: z.string(),
    /** Where it redirects to, in words: "a program on this computer", a host, or an application's scheme. */
    destination: z.string(),
    /** Where the request came from, in words: "this computer", or the internet and by which name. */
    source: z.string(),
    asks: z.array(serverId).nullable(),
    /** Shown on the waiting page as well: the same digits mean the same request. */
    digits: z.string(),
    at: time,
    expiresAt: time
  })
  .strict()

export const clientsView = z
  .object({
    pending: z.array(pendingClient),
    locked: z.boolean(),
    /**
     * Goes up when a client or key is added or removed, or a request was refused: `clients.list` has to be read again.
     */
    revision: z.number().int()
  })
  .strict()

export const clientView = z
  .object({
    id: z.string(),
    kind: z.enum(['oauth', 'key']),
    name: z.string(),
    redirectUris: z.array(z.string()),
    /** The servers it may use now. */
    servers: z.array(serverId),
    /** Servers it may use for as long as it refreshes its tokens; the others end 30 days after their sign-in. */
    always: z.array(serverId),
    since: time,
    /** When a key ends, for most of them if it is not used until then; null: it is no key, or gets its end soon. */
    expiresAt: time.nullable(),
    /** Present, and true, for a key that works at the public URL too. */
    public: z.boolean().optional(),
    lastUse: z.object({ at: time, server: z.string() }).strict().nullable()
  })
  .strict()

const use = z
  .object({
    client: z.string(),
    name: z.string(),
    kind: z.enum(['oauth', 'key']),
    server: z.string(),
    firstAt: time,
    lastAt: time,
    requests: z.number().int()
  })
  .strict()

/** Requests refused since the owner started, by kind: how often, when last, and by or for whom (`detail`). */
const refusalView = z
  .object({ kind: z.enum(refusalKinds), times: z.number().int(), lastAt: time, detail: z.string() })
  .strict()

const locked = z.object({ locked: z.boolean() }).strict()

export const clientCommands = {
  'clients.list': {
    doors: everyDoor,
    input: nothing,
    output: z
      .object({
        clients: z.array(clientView),
        pending: z.array(pendingClient),
        locked: z.boolean(),
        refused: z.array(refusalView)
      })
      .strict()
  },
  /**
   * Gives a waiting client access. `servers`: needed if it named none. `always`: this sign-in has no end while it is used.
   */
  'clients.allow': {
    doors: everyDoor,
    input: z.object({ request: z.string(), servers: servers.optional(), always: z.boolean() }).strict(),
    output: nothing
  },
  /**
   * Consent in advance for the next client of exactly this name that registers from now on, used once: for machines
   * without a person in front.
   */
  'clients.allowNext': {
    doors: cliOnly,
    input: z
      .object({
        name,
        servers,
        /** 'loopback', or the host or scheme it redirects to. */
        redirectHost: z.string().max(255).default('loopback'),
        /** ms. */
        validFor: z.number().int().min(1000).max(86_400_000).default(600_000)
      })
      .strict(),
    output: z.object({ expiresAt: time }).strict()
  },
  'clients.deny': { doors: everyDoor, input: z.object({ request: z.string() }).strict(), output: nothing },
  /** Revokes all tokens of this client, or this key (by id or name), and cuts its open streams. */
  'clients.revoke': {
    doors: everyDoor,
    input: z
      .object({
        client: z.string().min(1),
        /** A key goes on for so long, in ms: for a program that still has it in memory. */
        inMs: z.number().int().min(1).max(86_400_000).optional()
      })
      .strict(),
    output: z.object({ name: z.string() }).strict()
  },
  /** The key itself is in this answer and nowhere else. `validFor` in ms; absent: until 90 days after its last use. */
  'clients.addKey': {
    doors: everyDoor,
    input: z
      .object({
        name,
        servers: z.array(z.string().min(1)).max(200).default([]),
        /** A key for the gateway's metrics instead of servers. */
        metrics: z.boolean().default(false),
        /** It works at the public URL too, not on this computer only. */
        public: z.boolean().default(false),
        validFor: z.number().int().min(1000).optional()
      })
      .strict(),
    output: z.object({ key: z.string(), client: clientView }).strict()
  },
  /** Newest first. */
  'clients.activity': {
    doors: everyDoor,
    input: z.object({ client: z.string().optional(), limit: z.number().int().min(1).max(1000).default(50) }).strict(),
    output: z.object({ uses: z.array(use) }).strict()
  },
  /** Cuts every open stream and refuses every request, also after a restart, until unlocked. */
  'gateway.lock': { doors: everyDoor, input: nothing, output: locked },
  'gateway.unlock': { doors: everyDoor, input: nothing, output: locked }
} as const

/** The view while the vault is not open. */
export const noClients: ClientsView = { pending: [], locked: false, revision: 0 }

export type PendingClient = z.infer<typeof pendingClient>
export type ClientsView = z.infer<typeof clientsView>
export type RefusalView = z.infer<typeof refusalView>
export type ClientView = z.infer<typeof clientView>
