// All that the pages can reach outside their sandbox: call() and onMessage(), and nothing else of Electron or Node.
// Runs sandboxed and before the page; everything it passes on is parsed in the main process.
import { contextBridge, ipcRenderer } from 'electron'
import type { Reply } from '../app/contract/commands.ts'
import type { StreamMessage } from '../app/contract/stream.ts'
import { channels } from './channels.ts'

const listeners = new Set<(message: StreamMessage) => void>()

ipcRenderer.on(channels.message, (_, message: StreamMessage) => {
  for (const listener of [...listeners]) listener(message)
})

contextBridge.exposeInMainWorld('tokentray', {
  /** A command of app/contract. Never rejects for a command that failed: the reply says so. */
  call: (name: string, input: unknown): Promise<Reply<unknown>> => ipcRenderer.invoke(channels.call, name, input),
  /** Calls `listener` with a whole snapshot and then with what changes; returns what stops it. */
  onMessage(listener: (message: StreamMessage) => void): () => void {
    // An own function each time: the same listener given twice is two subscriptions.
    const own = (message: StreamMessage) => listener(message)
    listeners.add(own)
    ipcRenderer.send(channels.watch)
    return () => listeners.delete(own)
  }
})
