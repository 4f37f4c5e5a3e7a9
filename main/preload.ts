// The one bridge into the page: call() and onSnapshot(), and nothing else of Electron or Node.
// Runs sandboxed and before the page; everything it passes on is parsed in the main process.
import { contextBridge, ipcRenderer } from 'electron'
import type { Reply } from '../app/contract/commands.ts'
import type { Snapshot } from '../app/contract/views.ts'
import { channels } from './channels.ts'

const listeners = new Set<(snapshot: Snapshot) => void>()
let newest: Snapshot | null = null
let isWatching = false

ipcRenderer.on(channels.snapshot, (_, snapshot: Snapshot) => {
  newest = snapshot
  for (const listener of [...listeners]) listener(snapshot)
})

contextBridge.exposeInMainWorld('tokentray', {
  /** A command of app/contract. Never rejects for a command that failed: the reply says so. */
  call: (name: string, input: unknown): Promise<Reply<unknown>> => ipcRenderer.invoke(channels.call, name, input),
  /** Calls `listener` with the newest snapshot and each later one; returns what stops it. */
  onSnapshot(listener: (snapshot: Snapshot) => void): () => void {
    // An own function each time: the same listener given twice is two subscriptions.
    const own = (snapshot: Snapshot) => listener(snapshot)
    listeners.add(own)
    if (newest) own(newest)
    if (!isWatching) ipcRenderer.send(channels.watch)
    isWatching = true
    return () => listeners.delete(own)
  }
})
