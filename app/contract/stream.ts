// The messages that tell readers what changed: the whole snapshot first, then only the changes.
// Readers put them together with follower.ts; a message that does not fit its schema never leaves.
import { z } from 'zod'
import { serverId } from './serverConfig.ts'
import { streamVersion } from './streamVersion.ts'
import { serverView, snapshot } from './views.ts'

/** Everything; the first message of a stream, and whenever the reader has missed a message. */
export const snapshotMessage = z
  .object({ version: z.literal(streamVersion), kind: z.literal('snapshot'), snapshot })
  .strict()

/**
 * What changed after `from`, as it is at `revision`. A part of the snapshot that is absent is as it was. Who knows any
 * revision from `from` on may take it in; who knows an older one has missed a message.
 */
export const changesMessage = snapshot
  .omit({ revision: true, at: true, servers: true })
  .partial()
  .extend({
    kind: z.literal('changes'),
    from: z.number().int(),
    revision: z.number().int(),
    /** The owner's clock, in ms since the epoch. */
    at: snapshot.shape.at,
    /** Servers that are new or no longer as they were. */
    changed: z.array(serverView),
    /** Ids of servers that are gone. */
    removed: z.array(serverId)
  })
  .strict()

export const streamMessage = z.discriminatedUnion('kind', [snapshotMessage, changesMessage])

export type SnapshotMessage = z.infer<typeof snapshotMessage>
export type ChangesMessage = z.infer<typeof changesMessage>
export type StreamMessage = z.infer<typeof streamMessage>
