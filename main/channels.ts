// The names of the three IPC channels between window and main process.
// Shared by ipc.ts and preload.ts, which is bundled apart from everything else.
export const channels = {
  /** window → main, with an answer: a command of the contract. */
  call: 'tokentray:call',
  /** window → main: the page wants a whole snapshot now, and what changes from then on. */
  watch: 'tokentray:watch',
  /** main → window: a message of app/contract/stream.ts. */
  message: 'tokentray:message'
} as const
