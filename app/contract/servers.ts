// The commands on servers: adding, changing, removing, refreshing, checking and signing out of them.
// Secrets go in with `server.add`, `server.set` and `server.giveToken`; none comes out.
import { z } from 'zod'
import { type Door, everyDoor, nothing, server, type Withheld } from './door.ts'
import { quirks, sitePair } from './proposal.ts'
import {
  assertionSource,
  clientAuthMethod,
  clientCertificate,
  givenParams,
  identityProvider,
  mode,
  scheduleChanges,
  serverConfig,
  serverId
} from './serverConfig.ts'
import { historyEvent, serverView } from './views.ts'

const secretText = z.string().min(1).max(65_536)
/** The answer of commands that change one server: what that server looks like afterwards. */
export const outcome = z.object({ view: serverView }).strict()

/** What `add` takes: the settings a person gives, and secrets that go straight into the vault. Times in ms. */
const addInput = serverConfig
  .omit({
    id: true,
    name: true,
    isNamed: true,
    ownName: true,
    ownIcon: true,
    demo: true,
    account: true,
    allowedSites: true
  })
  .partial()
  .required({ url: true })
  .extend({
    id: serverId.optional(),
    name: z.string().min(1).max(100).optional(),
    params: givenParams.optional(),
    clientSecret: secretText.optional(),
    /** The client secret at the identity provider, if it has one. */
    identityProviderSecret: secretText.optional(),
    accessToken: secretText.optional(),
    refreshToken: secretText.optional(),
    expiresAt: z.number().int().optional(),
    /** For scripts that set up a machine: a server that exists already is left as it is, and that is no error. */
    keepExisting: z.boolean().optional()
  })
  .strict()

/**
 * Input fields that are refused at a door, by their paths. A page in a browser must not make this machine read a file,
 * choose where its content is sent, or run a command. The window shows our own pages, but they may run no command either.
 */
const withheld: Withheld = {
  browser: ['assertion', 'identityProvider', 'clientCertificate'],
  window: ['assertion.command']
}

/** RFC 7517 section 5: the members of public keys, and no others. */
const publicKeys = z
  .object({
    keys: z.array(
      z
        .object({ kty: z.string(), use: z.literal('sig'), alg: z.string(), kid: z.string() })
        .extend(
          z.object({ crv: z.string(), x: z.string(), y: z.string(), n: z.string(), e: z.string() }).partial().shape
        )
        .strict()
    )
  })
  .strict()

export const serverCommands = {
  /**
   * Looks for the MCP server that a person means, before it is added: `url` may lack its scheme, and its path where that is
   * /mcp. Nothing is stored. Fails by one of `notFoundCodes` (newServer.ts) where no MCP server answers.
   */
  'server.find': {
    doors: everyDoor,
    withheld: { browser: ['clientCertificate'] },
    input: addInput.pick({ url: true, id: true, name: true, clientCertificate: true }),
    output: z.object({ url: z.string() }).strict()
  },
  'server.add': {
    doors: everyDoor,
    withheld,
    input: addInput,
    output: z.object({ view: serverView, existed: z.boolean() }).strict()
  },
  /** The public half of the key this client signs with (private_key_jwt), for its registration at the server. */
  'server.keys': { doors: everyDoor, input: server, output: z.object({ jwks: publicKeys }).strict() },
  'server.set': {
    doors: everyDoor,
    withheld,
    input: server.extend({
      name: z.string().min(1).max(100).optional(),
      /** Another path or query of the same origin; all else of the server stays. */
      url: z.string().min(1).optional(),
      scope: z.string().nullable().optional(),
      params: givenParams.optional(),
      redirectHost: z.enum(['127.0.0.1', 'localhost']).optional(),
      mode: mode.optional(),
      /** null: any free port. */
      redirectPort: z.number().int().min(1).max(65_535).nullable().optional(),
      quirks: quirks.optional(),
      /** Why the quirks are set; kept with each. */
      reason: z.string().min(1).max(500).optional(),
      /** The authorization server that is to be used; null: the one that the server names. */
      issuer: z.string().min(1).nullable().optional(),
      /** What may pass between sites; replaces what was allowed before. */
      allowedSites: z.array(sitePair).max(100).optional(),
      /** No to the scopes that the server asked for: the next sign-in does not request them. */
      declineScopes: z.literal(true).optional(),
      /** null: if the server asks for it. */
      dpop: z.boolean().nullable().optional(),
      /**
       * A pre-registered client, given together with its secret; null: register one automatically. From the next
       * sign-in on.
       */
      clientId: z.string().min(1).nullable().optional(),
      /** How the pre-registered client authenticates; null: by a method the server supports. */
      clientAuth: clientAuthMethod.nullable().optional(),
      /**
       * Its new secret or, for private_key_jwt, its key. Absent: unchanged; private_key_jwt gets a new key if it has
       * none.
       */
      clientSecret: secretText.optional(),
      /** null: none. */
      clientCertificate: clientCertificate.nullable().optional(),
      /** For servers of the kind jwtBearer. */
      assertion: assertionSource.optional(),
      /** null: none. */
      identityProvider: identityProvider.nullable().optional(),
      /** The client secret there. Absent: unchanged, but never sent to another identity provider. */
      identityProviderSecret: secretText.optional(),
      /** null: the general setting again. */
      schedule: scheduleChanges.optional()
    }),
    output: outcome
  },
  /** Replaces a token that was given by hand; for servers of the kinds staticToken and refreshToken. */
  'server.giveToken': {
    doors: everyDoor,
    input: server.extend({
      accessToken: secretText.optional(),
      refreshToken: secretText.optional(),
      expiresAt: z.number().int().optional()
    }),
    output: outcome
  },
  'server.remove': { doors: everyDoor, input: server, output: z.object({ revoked: z.string() }).strict() },
  'server.refresh': { doors: everyDoor, input: server, output: outcome },
  /** Refreshes are no longer held back (`refreshHold` of the snapshot), and what is due goes. */
  'servers.endHold': { doors: everyDoor, input: nothing, output: nothing },
  /**
   * Asks the MCP server whether it accepts the current token, by a single `initialize`.
   * `unknown`: its answer does not tell.
   */
  'server.verify': {
    doors: everyDoor,
    input: server.extend({
      /** A script asks, perhaps each minute: no line of history tells of it, and no scope is noted for the next sign-in. */
      routine: z.literal(true).optional()
    }),
    output: outcome.extend({
      verdict: z.enum(['accepted', 'rejected', 'unknown']),
      sentence: z.string(),
      /** The scopes that were not granted and the server asks for, separated by spaces; absent: it named none. */
      missingScope: z.string().optional()
    })
  },
  /**
   * These servers are on a page or in a window that a person can see: the list with these rows in sight, or the page of one. Each that
   * was not seen for five minutes is asked by one `initialize` whether it works; its view tells. To be repeated every minute while
   * they are in sight, and never while the page is hidden.
   */
  'servers.shown': {
    doors: ['window', 'browser'] as readonly Door[],
    input: z.object({ servers: z.array(serverId).max(100) }).strict(),
    output: nothing
  },
  /** The picture that a view's `icon` stands for, as a data URL (PNG, JPEG or WebP, 64 kB at most); null: there is none. */
  'server.icon': {
    doors: everyDoor,
    input: server,
    output: z
      .object({
        picture: z
          .string()
          .regex(/^data:image\/(png|jpeg|webp);base64,/)
          .nullable()
      })
      .strict()
  },
  'server.pause': { doors: everyDoor, input: server, output: outcome },
  'server.resume': { doors: everyDoor, input: server, output: outcome },
  'server.history': {
    doors: everyDoor,
    input: server.extend({ limit: z.number().int().min(1).max(1000).default(50) }),
    output: z.object({ events: z.array(historyEvent) }).strict()
  },
  /**
   * Makes the next sign-in register a new client. The old one is deleted at the server (RFC 7592), if it offers
   * that, once no grant uses it; `sentence` says what happened.
   */
  'server.forgetRegistration': {
    doors: everyDoor,
    input: server,
    output: outcome.extend({ sentence: z.string() })
  },
  /** Deletes the grant, and revokes it at the server if it offers that (RFC 7009); `revoked` says what happened. */
  'server.signOut': {
    doors: everyDoor,
    input: server,
    output: z.object({ view: serverView, revoked: z.string() }).strict()
  }
} as const
