// `tokentray login`: sends a person's browser to the authorization server and waits for the response.
// The URL is always printed. Without a browser here it uses a device code, or the person pastes the address they end at.
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { Input, Output } from '../../contract/commands.ts'
import { picturedLink } from '../../contract/device.ts'
import { formatDuration } from '../../contract/duration.ts'
import { type ErrorCode, TokentrayError } from '../../contract/errors.ts'
import type { DeviceCodeView, ServerView } from '../../contract/views.ts'
import { sayCancelled } from '../../health/words.ts'
import { type HandOver, handOver } from '../../net/browserHandOver.ts'
import { type Owner, withOwner } from '../../owner/withOwner.ts'
import { adviseOwnClient } from '../advice.ts'
import { isInteractive, print, printJson, printNote } from '../output.ts'
import { offerProposals } from '../propose.ts'
import { checkUrl } from '../sharedOptions.ts'
import { describeLine, isNamed } from '../words.ts'
import { Interrupted, type World } from '../world.ts'

export type LoginOptions = {
  addScope?: string
  device?: boolean
  newClient?: boolean
  issuer?: string
  /** Pressing Enter ends this sign-in: there are others to go on with. */
  canSkip?: boolean
}

export async function login(
  world: World,
  server: string | undefined,
  { json, ...options }: LoginOptions & { json?: boolean }
): Promise<void> {
  if (server === undefined)
    throw new TokentrayError('inputInvalid', 'Specify a server, or use --all for all servers that need a sign-in.')
  if (options.issuer !== undefined) checkUrl(options.issuer)
  const view = await withOwner(world, async (owner) => {
    if (options.issuer !== undefined) await owner.call('server.set', { server, issuer: options.issuer })
    return signIn(world, owner, server, options)
  })
  if (json) printJson(world, { view })
  else print(world, describeLine(view, world.clock.now()))
}

/** Signs in, and once more for each time that a person allowed what the failed try would have needed. */
export async function signIn(
  world: World,
  owner: Owner,
  server: string,
  options: LoginOptions = {}
): Promise<ServerView> {
  for (;;) {
    try {
      return await signInOnce(world, owner, server, options)
    } catch (error) {
      if (!(error instanceof TokentrayError) || !proposalMayHelp.has(error.code)) throw adviseOwnClient(error, server)
      const view = (await owner.call('snapshot', {})).servers.find((each) => isNamed(each, server))
      if (!view || !(await offerProposals(world, owner, view))) throw adviseOwnClient(error, server)
    }
  }
}

/** What a sign-in can fail with where a proposal may follow. */
const proposalMayHelp: ReadonlySet<string> = new Set<ErrorCode>([
  'pkceUnsupported',
  'issuerMismatch',
  'metadataInvalid',
  'registrationRefused',
  'responseInvalid',
  'signInFailed',
  'scopeRefused',
  'confirmationNeeded'
])

/** One sign-in, from the first word to the stored grant. An interruption cancels it; the old grant stays. */
async function signInOnce(
  world: World,
  owner: Owner,
  server: string,
  { addScope, device, newClient, canSkip = false }: LoginOptions
): Promise<ServerView> {
  let started = await startSignIn(world, owner, {
    server,
    ...(addScope !== undefined && { addScope }),
    ...(device ? { device: 'always' as const } : !hasBrowser(world) && { device: 'offered' as const })
  })
  if (newClient && started.url !== null) started = await owner.call('signIn.replaceClient', { signIn: started.signIn })
  let stopReading = () => {}
  let browser: HandOver | null = null
  let isStolen = false
  let isSkipped = false
  if (started.device) await showCode(world, server, started.device)
  if (started.url !== null) {
    printNote(world, `To sign in to ${server}, open this URL in a browser:`)
    printNote(world, `  ${started.url}`)
    if (started.otherSite !== undefined)
      printNote(world, `You sign in at ${started.otherSite}, which is not part of the server's own site.`)
    browser = await openSignIn(world, started.url, () => {
      isStolen = true
      void owner.callAnyway('signIn.cancel', { signIn: started.signIn }).catch(() => {})
    })
    printNote(
      world,
      browser.isStarted
        ? 'Opened the browser. Waiting for you to sign in there.'
        : 'Could not open a browser on this computer.'
    )
    printNote(world, 'If your browser runs on another computer, paste the URL it is sent to here.')
    if (started.keptClient)
      printNote(
        world,
        `If that page says the client is unknown, press Ctrl-C and run "tokentray login ${server} --new-client".`
      )
    void printNotices(world, owner, started.signIn)
  }
  const offersSkip = canSkip && isInteractive(world)
  if (offersSkip) printNote(world, 'To go on without signing in here, press Enter.')
  if (started.url !== null || offersSkip)
    stopReading = readPastes(world, owner, started.signIn, () => {
      if (!offersSkip) return
      isSkipped = true
      void owner.callAnyway('signIn.cancel', { signIn: started.signIn }).catch(() => {})
    })
  try {
    return (await owner.call('signIn.wait', { signIn: started.signIn })).view
  } catch (error) {
    if (isStolen)
      throw new TokentrayError(
        'signInCancelled',
        `The sign-in to ${server} was ended: its link was opened twice, perhaps by another program on this computer. Run "tokentray login ${server}" again, and open the URL that it prints yourself.`
      )
    if (isSkipped && !(error instanceof Interrupted)) throw new TokentrayError('signInCancelled', 'You skipped it.')
    if (error instanceof Interrupted) {
      // The sign-in may just have ended by itself; then there is nothing left to cancel.
      await owner.callAnyway('signIn.cancel', { signIn: started.signIn }).catch(() => {})
      const { servers } = await owner.callAnyway('snapshot', {}).catch(() => ({ servers: [] as ServerView[] }))
      printNote(world, sayCancelled(servers.some((view) => isNamed(view, server) && view.obtainedAt !== null)))
    }
    throw error
  } finally {
    browser?.close()
    stopReading()
  }
}

/** Prints what arrives meanwhile and is not acted on, until the sign-in ends or is no longer asked about. */
async function printNotices(world: World, owner: Owner, signIn: string): Promise<void> {
  // An older owner does not know the command; how the sign-in ends is told by signIn.wait.
  const next = (seen: number) => owner.call('signIn.notice', { signIn, seen }).catch(() => ({ notice: null, seen }))
  for (let told = await next(0); told.notice !== null; told = await next(told.seen)) printNote(world, told.notice)
}

/** The address is printed, and is no argument of any program: see handOver(). */
const openSignIn = (world: World, url: string, onStolen: () => void): Promise<HandOver> =>
  handOver(url, {
    folder: world.paths.runtime ?? world.paths.ownerFolder,
    clock: world.clock,
    randomBytes,
    openPage: async (file) => (await world.openPage?.(file)) ?? false,
    openBrowser: world.openBrowser,
    onStolen
  })

/** Resolves when the browser can be sent off: behind others at the same authorization server, one after the other. */
async function startSignIn(world: World, owner: Owner, input: Input<'signIn.start'>): Promise<Output<'signIn.start'>> {
  for (;;) {
    const started = await owner.call('signIn.start', input)
    const { signIn, waitingFor } = started
    if (waitingFor === undefined) return started
    printNote(world, `Waiting for the sign-in to ${waitingFor}, which uses the same authorization server, to finish.`)
    try {
      return await owner.call('signIn.ready', { signIn })
    } catch (error) {
      if (error instanceof Interrupted) await owner.callAnyway('signIn.cancel', { signIn }).catch(() => {})
      // Its owner ended meanwhile: the next one does not know it.
      if (!(error instanceof TokentrayError && error.code === 'signInUnknown')) throw error
    }
  }
}

/** Over SSH a browser would open where nobody sits; a forwarded display or BROWSER says otherwise. */
function hasBrowser({ env, platform }: World): boolean {
  if (env.BROWSER?.trim() || env.DISPLAY || env.WAYLAND_DISPLAY) return true
  const isRemote = Boolean(env.SSH_CONNECTION || env.SSH_TTY)
  return !isRemote && (platform === 'win32' || platform === 'darwin')
}

async function showCode(world: World, server: string, device: DeviceCodeView): Promise<void> {
  const { userCode, verificationUri, expiresAt } = device
  printNote(world, `To sign in to ${server}, open this URL in a browser on any device:`)
  printNote(world, `  ${verificationUri}`)
  printNote(world, `and enter the code ${userCode} within ${formatDuration(expiresAt - world.clock.now())}.`)
  const link = picturedLink(device)
  if (!world.stderr.isTTY || link === null) return
  const { renderUnicodeCompact } = await import('uqr')
  printNote(world, renderUnicodeCompact(link, { border: 2 }))
}

/** Every line typed or piped is taken as the redirected URL; for a wrong one an error is printed, and the wait goes on. */
function readPastes(world: World, owner: Owner, id: string, onEmptyLine: () => void): () => void {
  if (world.stdin.readableEnded || world.stdin.destroyed) return () => {}
  const lines = createInterface({ input: world.stdin })
  lines.on('line', (line) => {
    const url = line.trim()
    if (url === '') return onEmptyLine()
    owner.call('signIn.paste', { signIn: id, url }).catch(async (error: unknown) => {
      if (!(error instanceof TokentrayError) || error.code === 'signInUnknown') return
      printNote(world, `tokentray: ${error.message}`)
      if (error.code === 'clientReplaced')
        printNote(world, `  ${(await owner.call('signIn.ready', { signIn: id })).url}`)
    })
  })
  return () => {
    lines.close()
    world.stdin.pause()
  }
}
