// The one table of commands: input, output, and which doors may call each. Both ends of every transport are made from it.
// Inputs are parsed on arrival, outputs on departure; replies are {ok:true,value} or {ok:false,code,message}.
import { z } from 'zod'
import { connectCommands } from './connect.ts'
import { cliOnly, type Door, everyDoor, nothing, server, type Withheld } from './door.ts'
import { gatewayCommands } from './gateway.ts'
import { quirks } from './proposal.ts'
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
} from './server.ts'
import { settingsChanges, settingsView } from './settings.ts'
import { signInCommands } from './signIn.ts'
import { vaultCommands } from './vault.ts'
import { historyEvent, serverView, snapshot } from './views.ts'

const secretText = z.string().min(1).max(65_536)
const outcome = z.object({ view: serverView }).strict()

/** What `add` takes: the settings a person gives, and secrets that go straight into the vault. Times in ms. */
const addInput = serverConfig
  .omit({ id: true, name: true, demo: true, account: true })
  .partial()
  .required({ url: true })
  .extend({
    id: serverId.optional(),
    name: z.string().min(1).max(100).optional(),
    params: givenParams.optional(),
    clientSecret: secretText.optional(),
    /** Of the client at the identity provider, where that one has one. */
    identityProviderSecret: secretText.optional(),
    accessToken: secretText.optional(),
    refreshToken: secretText.optional(),
    expiresAt: z.number().int().optional(),
    /** Seeding: when the server exists already the vault wins, and nothing is changed or refused. */
    keepExisting: z.boolean().optional()
  })
  .strict()

/**
 * Fields that a door may not give, by their paths. A page in a browser must not make this machine read a file, or say where
 * what is in one is sent, or run a command; and the window, whose pages are our own, must not run one either.
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

export const commands = {
  ...gatewayCommands,
  ...connectCommands,
  ...signInCommands,
  ...vaultCommands,
  snapshot: { doors: everyDoor, input: nothing, output: snapshot },
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
      scope: z.string().nullable().optional(),
      params: givenParams.optional(),
      redirectHost: z.enum(['127.0.0.1', 'localhost']).optional(),
      mode: mode.optional(),
      /** null: of the system's choice. */
      redirectPort: z.number().int().min(1).max(65_535).nullable().optional(),
      quirks: quirks.optional(),
      /** Why the quirks are set; kept with each. */
      reason: z.string().min(1).max(500).optional(),
      /** null: where the server asks for it. */
      dpop: z.boolean().nullable().optional(),
      /** Another client of one's own, which brings its own secret; null: registered by itself again. For the next sign-in. */
      clientId: z.string().min(1).nullable().optional(),
      /** How a client of one's own authenticates; null: as the server takes it. */
      clientAuth: clientAuthMethod.nullable().optional(),
      /** Its new secret, or for private_key_jwt its key; absent: the one there is, else for private_key_jwt a new key. */
      clientSecret: secretText.optional(),
      /** null: none. */
      clientCertificate: clientCertificate.nullable().optional(),
      /** For servers of the kind jwtBearer. */
      assertion: assertionSource.optional(),
      /** null: none. */
      identityProvider: identityProvider.nullable().optional(),
      /** Of the client there. Absent: the one there is, which another identity provider never gets. */
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
  /**
   * Asks the MCP server itself whether it takes the current token, by one `initialize` and nothing beyond it.
   * `unknown`: there was no answer to judge by.
   */
  'server.verify': {
    doors: everyDoor,
    input: server,
    output: outcome.extend({ verdict: z.enum(['accepted', 'rejected', 'unknown']), sentence: z.string() })
  },
  'server.pause': { doors: everyDoor, input: server, output: outcome },
  'server.resume': { doors: everyDoor, input: server, output: outcome },
  'server.history': {
    doors: everyDoor,
    input: server.extend({ limit: z.number().int().min(1).max(1000).default(50) }),
    output: z.object({ events: z.array(historyEvent) }).strict()
  },
  /**
   * Makes the next sign-in register a client anew. The old one is deleted at its server (RFC 7592) as soon as no grant uses
   * it any more, where that is offered; `sentence` says in words what came of that.
   */
  'server.forgetRegistration': {
    doors: everyDoor,
    input: server,
    output: outcome.extend({ sentence: z.string() })
  },
  /** Ends the grant here and, where offered, at the server (RFC 7009); `revoked` says in words what came of that. */
  'server.signOut': {
    doors: everyDoor,
    input: server,
    output: z.object({ view: serverView, revoked: z.string() }).strict()
  },
  /** Hands out a secret, as `clients.addKey` does its own key. `minValid` in ms; waits for a refresh where one is needed. */
  readToken: {
    doors: cliOnly,
    input: server.extend({
      minValid: z.number().int().nonnegative().default(60_000),
      /** Asks for a proof for one request with the token; `nonce`: what the server gave last. */
      proof: z.object({ method: z.string(), url: z.url(), nonce: z.string().optional() }).strict().optional()
    }),
    output: z
      .object({
        token: z.string(),
        tokenType: z.string(),
        expiresAt: z.number().int().nullable(),
        warning: z.string().nullable(),
        /** The `DPoP` header of that request (RFC 9449); null: this token is bound to no key. */
        proof: z.string().nullable().optional()
      })
      .strict()
  },
  'settings.read': { doors: everyDoor, input: nothing, output: settingsView },
  /** Kept in the settings file and in force at once, for all servers. */
  'settings.set': { doors: everyDoor, input: settingsChanges, output: settingsView },
  /** Three servers and their authorization server in the owner's own process, gone with it. Asked twice: the same ones. */
  'demo.start': { doors: everyDoor, input: nothing, output: z.object({ servers: z.array(serverId) }).strict() },
  'demo.stop': { doors: everyDoor, input: nothing, output: nothing },
  /** A report to send to somebody: versions, states, hosts, last events; no secret, no query string. */
  diagnostics: { doors: everyDoor, input: nothing, output: z.object({ text: z.string() }).strict() },
  metrics: { doors: cliOnly, input: nothing, output: z.object({ text: z.string() }).strict() },
  /** A one-time link into the dashboard: in a private file that goes to it, for a browser, or bare, for a terminal. */
  'dashboard.link': {
    doors: cliOnly,
    input: z.object({ as: z.enum(['file', 'text']) }).strict(),
    output: z
      .object({
        /** Where the dashboard is, without the secret. */
        address: z.string(),
        file: z.string().nullable(),
        link: z.string().nullable(),
        expiresAt: z.number().int()
      })
      .strict()
  },
  /** Network is back or the machine woke: waits are cut short. */
  poke: { doors: everyDoor, input: nothing, output: nothing },
  /** The machine is about to sleep: nothing new is started until it wakes, or until time is seen to pass. */
  power: {
    doors: ['cli', 'window'] as readonly Door[],
    input: z.object({ state: z.enum(['suspend', 'resume']) }).strict(),
    output: nothing
  },
  /** Asks a command-hosted owner to finish what is in flight and let go; a lasting owner refuses. */
  'owner.handOver': { doors: cliOnly, input: nothing, output: nothing },
  'owner.quit': { doors: cliOnly, input: nothing, output: nothing }
} as const

export type CommandName = keyof typeof commands
export type Input<N extends CommandName> = z.input<(typeof commands)[N]['input']>
export type ParsedInput<N extends CommandName> = z.output<(typeof commands)[N]['input']>
export type Output<N extends CommandName> = z.output<(typeof commands)[N]['output']>

export type Reply<T> = { ok: true; value: T } | { ok: false; code: string; message: string }
/** One end of a transport. Rejects with TokentrayError. */
export type Call = <N extends CommandName>(name: N, input: Input<N>) => Promise<Output<N>>
