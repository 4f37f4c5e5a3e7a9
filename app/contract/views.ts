// What the doors (door.ts) may see of Tokentray's state: the snapshot, views of servers, events of their history.
// No field can hold a secret, and everything is parsed before it leaves.
import { z } from 'zod'
import { clientsView } from './clients.ts'
import { actions, expirySources, faults, lights, outageKinds, signInSteps, stateKinds } from './health.ts'
import { proposal, quirkReasons, quirks, sitePair } from './proposal.ts'
import { clientAuthMethod, grantKind, identityProvider, mode, scheduleOverrides, serverId } from './serverConfig.ts'
import { theme } from './settings.ts'

const time = z.number().int()

export const light = z.enum(lights)
export const stateKind = z.enum(stateKinds)
export const action = z.enum(actions)
export const fault = z.enum(faults)
export const signInStep = z.enum(signInSteps)

export const eventKind = z.enum([
  'added',
  'signedIn',
  'signInFailed',
  'refreshed',
  'refreshFailed',
  'superseded',
  'signedOut',
  'paused',
  'resumed',
  /** The server itself was asked whether it takes the token. */
  'verified',
  /** The server itself, whatever its token, cannot be reached or returns errors; and it works again. */
  'serverDown',
  'serverUp',
  'settingsChanged'
])

/** One line of a server's history. `at` in ms since the epoch; `detail` in plain words. */
export const historyEvent = z
  .object({
    at: time,
    kind: eventKind,
    fault: fault.nullable(),
    detail: z.string(),
    /** When the token obtained ends, for `signedIn` and `refreshed`. */
    expiresAt: time.nullable()
  })
  .strict()

/** RFC 8628 section 3.2: what a person enters on another machine, and where. */
export const deviceCode = z
  .object({
    userCode: z.string(),
    verificationUri: z.string(),
    verificationUriComplete: z.string().nullable(),
    expiresAt: time
  })
  .strict()

/** How a person goes on with a sign-in. */
export const wayOn = {
  url: z.string().nullable(),
  redirectUri: z.string().nullable(),
  device: deviceCode.nullable(),
  /**
   * Another server's sign-in at the same authorization server comes first: `signIn.ready` has the url when it ended.
   */
  waitingFor: serverId.optional(),
  /** Its client was registered for an earlier sign-in, so that the page may not know it: `signIn.replaceClient`. */
  keptClient: z.literal(true).optional(),
  /** The host of the authorization server, where it is of another site than the server. */
  otherSite: z.string().optional(),
  /** A sentence on a response that arrived and was not acted on; the sign-in goes on waiting. */
  notice: z.string().optional()
}

export const serverView = z
  .object({
    id: serverId,
    /** A person's word for it, else the server's own, else the id. Only a person's word is good to find it by. */
    name: z.string(),
    /** Where `name` is the server's own word: with its host, for places that do not show the host. Any server can call itself anything. */
    nameWithHost: z.string().optional(),
    /** The server has an icon of its own: a digest of it, for `server.icon`. */
    icon: z.string().optional(),
    url: z.string(),
    grantKind,
    /** The grant there is came by device code (RFC 8628), of the kind authorizationCode as it is. */
    byDeviceCode: z.literal(true).optional(),
    light,
    state: stateKind,
    paused: z.boolean(),
    /** One short line, such as "Healthy". Never holds a moving number; `nextAt` and `expiresAt` do. */
    words: z.string(),
    /** What happened and what it means, in a sentence or two; empty when there is nothing to say. */
    detail: z.string(),
    /** The server itself was not working when it was last seen; absent: it was, or it was not seen yet. */
    outage: z
      .object({ kind: z.enum(outageKinds), since: time, detail: z.string() })
      .strict()
      .optional(),
    warnings: z.array(z.string()),
    action: action.nullable(),
    since: time.nullable(),
    /** The next refresh or attempt. */
    nextAt: time.nullable(),
    attempt: z.number().int(),
    fault: fault.nullable(),
    faultAt: time.nullable(),
    obtainedAt: time.nullable(),
    expiresAt: time.nullable(),
    expirySource: z.enum(expirySources).nullable(),
    refreshExpiresAt: time.nullable(),
    /** False once a refresh left that end where it was: only a new sign-in can move it. */
    refreshExtends: z.boolean().optional(),
    renewable: z.boolean(),
    acceptedAt: time.nullable(),
    issuer: z.string().nullable(),
    scope: z.string().nullable(),
    /**
     * Scopes a request was refused for (RFC 6750 section 3.1) and that are not granted. A sign-in asks for them once a person said so,
     * by `addScope` of signIn.start; server.set declines them.
     */
    missingScope: z.string().optional(),
    /** Whether its tokens are bound to a key (DPoP, RFC 9449). */
    isBound: z.boolean().optional(),
    /** Whether its client signs with a key (private_key_jwt), whose public half is to be registered at the server. */
    hasKeys: z.boolean().optional(),
    resource: z.string().nullable(),
    clientId: z.string().nullable(),
    /** The account's name where the server told it; several servers may be accounts at one address. */
    account: z.string().optional(),
    registration: z.enum(['dynamic', 'metadataDocument', 'preRegistered', 'none']).nullable(),
    schedule: scheduleOverrides,
    quirks,
    quirkReasons,
    /** Settings that the last sign-in, or the provider, is known to need; a person decides. */
    proposals: z.array(proposal),
    mode,
    redirectHost: z.enum(['127.0.0.1', 'localhost']),
    /** null: of the system's choice. */
    redirectPort: z.number().int().nullable(),
    /** The client certificate shown to this server (mutual TLS), where one is set; where its key is stays unsaid. */
    certificateFile: z.string().optional(),
    /** Whether its client was given by a person, and how that one is to authenticate, where it was chosen. */
    ownClient: z.literal(true).optional(),
    clientAuth: clientAuthMethod.optional(),
    /** Whether its tokens are to be bound to a key; absent: where the server asks for it. */
    dpop: z.boolean().optional(),
    /** The file its assertion is read from, or the program that writes it. */
    assertionFrom: z.string().optional(),
    identityProvider: identityProvider.optional(),
    /** Extra parameters of authorize and token requests. */
    params: z.record(z.string(), z.string()),
    /** What a person allowed to pass between sites (proposal.ts). */
    allowedSites: z.array(sitePair).optional(),
    /** One of the demo's servers: gone when the demo or its owner ends. */
    demo: z.boolean(),
    signIn: z
      .object({
        id: z.string(),
        step: signInStep,
        since: time,
        ...wayOn
      })
      .strict()
      .nullable(),
    lastEvent: historyEvent.nullable()
  })
  .strict()

export const vaultState = z.enum([
  'open',
  'keychainWaiting',
  'locked',
  'keyMissing',
  'damaged',
  'fromFuture',
  'unavailable'
])

/** What a person can do for a vault that is not open; each is a command of the contract. */
const vaultOffers = z
  .object({
    /** vault.unlock takes the passphrase of this vault, or one chosen for a vault that is yet to be. */
    unlock: z.enum(['existing', 'new']).nullable(),
    retry: z.boolean(),
    /** The newest sound backup; `at`: when it was made. */
    restore: z.object({ path: z.string(), at: time }).strict().nullable(),
    reset: z.boolean()
  })
  .strict()

export const vaultView = z
  .object({
    state: vaultState,
    path: z.string(),
    keySource: z.enum(['keychain', 'passphrase', 'throwaway']).nullable(),
    /** Empty while the vault is open, as `errorCode` and `offers` are null then. */
    message: z.string(),
    errorCode: z.string().nullable(),
    offers: vaultOffers.nullable()
  })
  .strict()

/** Where local clients go; `problem`: why they cannot, in a sentence. */
export const gatewayView = z
  .object({
    /** `http://127.0.0.1:<port>`: servers are below it, by their ids. */
    address: z.string().nullable(),
    port: z.number().int(),
    /** The same gateway behind a reverse proxy of the person's. */
    publicUrl: z.string().nullable(),
    problem: z.string().nullable()
  })
  .strict()

export const snapshot = z
  .object({
    revision: z.number().int(),
    at: time,
    light,
    vault: vaultView,
    owner: z
      .object({ pid: z.number().int(), kind: z.enum(['lasting', 'command']), version: z.string(), startedAt: time })
      .strict(),
    theme,
    /** Whether the demo servers run; `unavailable`: this installation does not have them. */
    demo: z.enum(['off', 'on', 'unavailable']),
    /**
     * Tokentray stopped unexpectedly several times in a row, so nothing is refreshed before `until` or before a person asks;
     * `message` says so. null: refreshes are not held back.
     */
    refreshHold: z.object({ until: time, message: z.string() }).strict().nullable(),
    servers: z.array(serverView),
    /** Who waits to be let in by the gateway, and whether it lets anybody in. */
    clients: clientsView,
    /** null: this owner has none. */
    gateway: gatewayView.nullable()
  })
  .strict()

export type GatewayView = z.infer<typeof gatewayView>
export type ServerView = z.infer<typeof serverView>
export type Snapshot = z.infer<typeof snapshot>
export type HistoryEvent = z.infer<typeof historyEvent>
export type VaultView = z.infer<typeof vaultView>
export type DeviceCodeView = z.infer<typeof deviceCode>
export type EventKind = z.infer<typeof eventKind>
