// What the test files of one run share: the bundled command, shell and pages, and one Chromium.
// Each is made when a test file first asks for it; globalSetup.ts makes it, and removes it when the run ends.
import { inject } from 'vitest'

/** `command`, `conformanceClient`: a script for Node; `shell`, `pages`: a folder; `chromium`: an address of Playwright's. */
export type Shared = 'command' | 'conformanceClient' | 'shell' | 'pages' | 'chromium'

declare module 'vitest' {
  interface ProvidedContext {
    sharedAt: string
  }
}

/** Where `name` is; throws what its making said where it could not be made. */
export async function shared(name: Shared): Promise<string> {
  const reply = await fetch(`${inject('sharedAt')}/${name}`)
  const text = await reply.text()
  if (!reply.ok) throw new Error(text)
  return text
}
