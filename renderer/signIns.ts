// The sign-ins started on these pages, and how each one ended, which the snapshot does not keep.
// Their steps come from the snapshot, so that sign-ins started elsewhere are shown as well.
import type { SignInStep } from '../app/contract/health.ts'
import { act, explain } from './actions.ts'
import { door } from './door.ts'
import { createStore, go, serverOf, snapshots } from './store.ts'

export type Progress = {
  phase: 'running' | 'done' | 'failed'
  /** Whether the browser let a page be opened without a fresh click. */
  blocked: boolean
  /** The page of the authorization server, kept after the end. */
  url: string | null
  /** The step it had reached when it failed. */
  step: SignInStep
  code: string
  text: string
}

const progresses = createStore<ReadonlyMap<string, Progress>>(new Map())
const fresh: Progress = { phase: 'running', blocked: false, url: null, step: 'resource', code: '', text: '' }

export const useProgress = (id: string) => progresses.use().get(id) ?? null

function note(id: string, change: Partial<Progress>): void {
  const old = progresses.get().get(id) ?? fresh
  progresses.set(new Map(progresses.get()).set(id, { ...old, ...change }))
}

/** The server that these pages added last: where its URL was wrong, its replacement takes its place. */
let added: string | null = null
export const noteAdded = (id: string) => {
  added = id
}
export const wasJustAdded = (id: string) => added === id

/** Whether a page could be opened; without a recent click a browser refuses, and says nothing. */
function openPage(url: string): boolean {
  // The window's main process opens it itself, in the person's browser.
  if (door.platform === 'window') return true
  if (!navigator.userActivation.isActive) return false
  window.open(url, '_blank', 'noopener,noreferrer')
  return true
}

/** Keeps the step in mind while it is known: a snapshot after the failure no longer has it. */
function follow(id: string): () => void {
  return snapshots.subscribe(() => {
    const { step, url } = serverOf(id)?.signIn ?? {}
    if (step && step !== progresses.get().get(id)?.step) note(id, { step })
    if (url && url !== progresses.get().get(id)?.url) note(id, { url })
  })
}

const steps: readonly SignInStep[] = ['resource', 'authorizationServer', 'registration', 'browser', 'exchange', 'store']
/** A quick failure can overtake the snapshot that tells its step; these codes tell it too. */
const stepOf: Record<string, SignInStep> = {
  metadataInvalid: 'authorizationServer',
  issuerMismatch: 'authorizationServer',
  pkceUnsupported: 'authorizationServer',
  confirmationNeeded: 'authorizationServer',
  registrationUnsupported: 'registration',
  registrationRefused: 'registration',
  portInUse: 'registration',
  authorizationDenied: 'browser',
  clientRefused: 'exchange',
  grantRefused: 'exchange',
  vaultUnwritable: 'store'
}

function stepReached(id: string, code: string): SignInStep {
  // It was found and asked further, but nothing there is an MCP server.
  if (code === 'notMcpServer') return 'resource'
  const seen = progresses.get().get(id)?.step ?? 'resource'
  const told = stepOf[code] ?? 'resource'
  return steps.indexOf(told) > steps.indexOf(seen) ? told : seen
}

/**
 * Starts or joins the sign-in of a server and shows its screen. `addScope`: scopes to request that the person just allowed. Never
 * rejects: the screen tells how it ended.
 */
export async function beginSignIn(id: string, addScope?: string): Promise<void> {
  go({ name: 'signIn', id })
  if (progresses.get().get(id)?.phase === 'running') return
  note(id, fresh)
  const unfollow = follow(id)
  try {
    const started = await door.call('signIn.start', { server: id, ...(addScope && { addScope }) })
    const { signIn } = started
    const { url } = started.waitingFor === undefined ? started : await door.call('signIn.ready', { signIn })
    if (url) note(id, { blocked: !openPage(url), url, step: 'browser' })
    await door.call('signIn.wait', { signIn })
    note(id, { phase: 'done' })
  } catch (error) {
    const why = explain(error)
    note(id, { phase: 'failed', step: stepReached(id, why.code), ...why })
  } finally {
    unfollow()
  }
}

/** Goes on as a client registered anew, where the page that opened does not know the one of before. */
export const replaceClient = (id: string, signIn: string) =>
  act(`replace ${id}`, async () => {
    const { url } = await door.call('signIn.replaceClient', { signIn })
    if (url) note(id, { blocked: !openPage(url), url })
    return null
  })
