// Carries out a click in the tray's menu by running commands of the contract, as the window does; it has no rules of its own.
// A failed command is reported in a notification; the new state of a server comes with the next snapshot.
import type { Reply } from '../app/contract/commands.ts'
import { asTokentrayError, type ErrorCode, exitCodes } from '../app/contract/errors.ts'
import type { Snapshot } from '../app/contract/views.ts'
import { clientsScreen } from './accessRequests.ts'
import type { LoginItem } from './loginItem.ts'
import type { Act } from './menu.ts'
import type { Preferences } from './preferences.ts'

export type Actions = {
  call(name: string, input: unknown): Promise<Reply<unknown>>
  snapshot(): Snapshot | null
  show(screen?: string): void
  notifyOfServer(title: string, body: string, server: string): void
  notifyOfClients(title: string, body: string): void
  notifyOfSettings(title: string, body: string): void
  preferences: Preferences
  loginItem: LoginItem
  quit(): void
  /** Called when one of the menu's own settings changed. */
  refreshMenu(): void
}

const personNeeded = exitCodes.signInNeeded

/** Where all servers are. */
export const listScreen = 'list'

export const screenOf = (server: string) => `server/${encodeURIComponent(server)}`

/** Carries out one click. Never rejects. */
export async function carryOut(act: Act, o: Actions): Promise<void> {
  const views = o.snapshot()?.servers ?? []
  const runCommand = async (name: string, server: string) => {
    let reply = await o.call(name, { server })
    const started = reply.ok && (reply.value as { signIn?: string; waitingFor?: string })
    // Behind another sign-in at the same authorization server: this one's page is opened when its turn comes.
    if (started && started.waitingFor !== undefined) reply = await o.call('signIn.ready', { signIn: started.signIn })
    // The question is on the server's page.
    if (!reply.ok && reply.code === 'confirmationNeeded') return o.show(screenOf(server))
    const view = views.find(({ id }) => id === server)
    const title = view?.nameWithHost ?? view?.name ?? server
    // That a person is needed is what notices.ts tells; and who cancelled knows it.
    if (!reply.ok && reply.code !== 'signInCancelled' && exitCodes[reply.code as ErrorCode] !== personNeeded)
      o.notifyOfServer(title, reply.message, server)
  }
  const runForClients = async (name: string, input: unknown) => {
    const reply = await o.call(name, input)
    if (!reply.ok) o.notifyOfClients('Clients', reply.message)
  }
  switch (act.do) {
    case 'signIn': {
      const kind = views.find(({ id }) => id === act.server)?.grantKind
      // No browser helps where a token was given by hand: a new one is given in the window.
      if (kind === 'staticToken' || kind === 'refreshToken') return o.show(screenOf(act.server))
      return runCommand('signIn.start', act.server)
    }
    case 'refresh':
      return runCommand('server.refresh', act.server)
    case 'pause':
      return runCommand('server.pause', act.server)
    case 'resume':
      return runCommand('server.resume', act.server)
    case 'open':
      return o.show(screenOf(act.server))
    case 'pauseAll':
      for (const { id, paused } of views) if (!paused) await runCommand('server.pause', id)
      return
    case 'resumeAll':
      for (const { id, paused } of views) if (paused) await runCommand('server.resume', id)
      return
    case 'mute': {
      const others = o.preferences.get().muted.filter((id) => id !== act.server)
      o.preferences.set({ muted: act.on ? [...others, act.server] : others })
      return o.refreshMenu()
    }
    case 'notifications':
      o.preferences.set({ notifications: act.on })
      return o.refreshMenu()
    case 'startAtLogin':
      try {
        o.loginItem.set(act.on)
      } catch (error) {
        o.notifyOfSettings('Start at login', asTokentrayError(error).message)
      }
      return o.refreshMenu()
    case 'allow':
      return runForClients('clients.allow', { request: act.request, always: act.always })
    case 'deny':
      return runForClients('clients.deny', { request: act.request })
    case 'lock':
      return runForClients('gateway.lock', {})
    case 'unlock':
      return runForClients('gateway.unlock', {})
    case 'clients':
      return o.show(clientsScreen)
    case 'add':
      return o.show('add')
    case 'show':
      return o.show()
    case 'quit':
      return o.quit()
  }
}
