// What people can do on the pages: each action shows its progress, then a toast; that of a failure stays until it is closed.
// Progress is kept by the action's name, so that the same button on two pages shows the same progress.
import { UNSTABLE_ToastQueue as ToastQueue } from 'react-aria-components/Toast'
import { TokentrayError } from '../app/contract/errors.ts'
import { door } from './door.ts'
import { createStore, screens } from './store.ts'
import { actionWords } from './words/actions.ts'
import { sayError } from './words/app.ts'
import { demoWords } from './words/list.ts'
import { settingsWords } from './words/settings.ts'

export type Notice = { text: string; tone: 'ok' | 'bad' }

export const toasts = new ToastQueue<Notice>({ maxVisibleToasts: 3 })
/** Failures on show, by what failed: the next try, or leaving the screen, takes them away. */
const failures = new Map<string, string>()
const running = createStore<ReadonlySet<string>>(new Set())

export function usePending(key: string): boolean {
  return running.use().has(key)
}

/** `timeout` in ms; while a notice is hovered or focused it waits. */
export function say(text: string, timeout = 6000): void {
  toasts.add({ text, tone: 'ok' }, { timeout })
}

/** For what a person may want to read twice. */
const longer = 20_000

/** The error's sentence in the pages' words. */
export function explain(error: unknown): { code: string; text: string } {
  if (!(error instanceof TokentrayError)) {
    const text = error instanceof Error ? error.message : String(error)
    return { code: 'unexpected', text }
  }
  return { code: error.code, text: sayError(error.code, error.message) }
}

function closeFailure(action: string): void {
  const shown = failures.get(action)
  if (shown) toasts.close(shown)
}

screens.subscribe(() => [...failures.keys()].forEach(closeFailure))

/** Runs `work` under the name `action` once at a time; says what it resolves to, and why it failed. Never rejects. */
export async function act(action: string, work: () => Promise<string | null>): Promise<boolean> {
  if (running.get().has(action)) return false
  running.set(new Set([...running.get(), action]))
  closeFailure(action)
  try {
    const said = await work()
    if (said) say(said)
    return true
  } catch (error) {
    const { text } = explain(error)
    const onClose = () => failures.delete(action)
    failures.set(action, toasts.add({ text, tone: 'bad' }, { onClose }))
    return false
  } finally {
    running.set(new Set([...running.get()].filter((other) => other !== action)))
  }
}

type Named = { id: string; name: string }

export const refresh = ({ id, name }: Named) =>
  act(`refresh ${id}`, async () => {
    await door.call('server.refresh', { server: id })
    return actionWords.refreshed(name)
  })

export const endHold = () =>
  act('endHold', async () => {
    await door.call('servers.endHold', {})
    return null
  })

export const pause = ({ id, name }: Named) =>
  act(`pause ${id}`, async () => {
    await door.call('server.pause', { server: id })
    return actionWords.paused(name)
  })

export const resume = ({ id, name }: Named) =>
  act(`pause ${id}`, async () => {
    await door.call('server.resume', { server: id })
    return actionWords.resumed(name)
  })

export const forgetRegistration = ({ id }: Named) =>
  act(`forget ${id}`, async () => {
    say((await door.call('server.forgetRegistration', { server: id })).sentence, longer)
    return null
  })

export const signOut = ({ id, name }: Named) =>
  act(`signOut ${id}`, async () => {
    const { revoked } = await door.call('server.signOut', { server: id })
    say(actionWords.signedOut(name, revoked), longer)
    return null
  })

export const remove = ({ id, name }: Named) =>
  act(`remove ${id}`, async () => {
    const { revoked } = await door.call('server.remove', { server: id })
    say(actionWords.removed(name, revoked), longer)
    return null
  })

export const startDemo = () =>
  act('demo', async () => {
    await door.call('demo.start', {})
    return demoWords.started
  })

export const stopDemo = () =>
  act('demo', async () => {
    await door.call('demo.stop', {})
    return demoWords.stopped
  })

export const backUp = () =>
  act('backup', async () => settingsWords.backedUp((await door.call('vault.backup', {})).path))

/** The way that needs no permission: the window grants its page none. */
function copyBySelection(text: string): void {
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  if (!done) throw new Error(actionWords.copyFailed)
}

export const copy = (text: string) =>
  act('copy', async () => {
    const focused = document.activeElement
    await navigator.clipboard.writeText(text).catch(() => copyBySelection(text))
    if (focused instanceof HTMLElement) focused.focus()
    return actionWords.copied
  })
