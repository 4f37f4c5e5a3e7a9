// The text of a sign-in as it happens: its steps, the waiting for the browser, device codes, and how it ended.
// Errors come from the core and are shown as they are.
import type { SignInStep } from '../../app/contract/health.ts'

export const signInWords = {
  title: (name: string) => `Sign in to ${name}`,
  lead: 'Your current token stays in use until the new one is stored.',
  leadFirst: 'You can follow each step here.',
  steps: {
    resource: ['Find the server', 'Found the server'],
    authorizationServer: ['Find the authorization server', 'Found the authorization server'],
    registration: ['Register Tokentray', 'Registered Tokentray'],
    browser: ['Approve in the browser', 'Approved in the browser'],
    exchange: ['Get the tokens', 'Got the tokens'],
    store: ['Encrypt and store the tokens', 'Encrypted and stored the tokens']
  } satisfies Record<SignInStep, [string, string]>,
  now: {
    resource: 'Finding the server…',
    authorizationServer: 'Finding the authorization server…',
    registration: 'Registering Tokentray…',
    browser: 'Waiting for you in the browser',
    exchange: 'Getting the tokens…',
    store: 'Encrypting and storing the tokens…'
  } satisfies Record<SignInStep, string>,
  waitingFor: (name: string) =>
    `Waiting for the sign-in to ${name}, which uses the same authorization server, to finish…`,
  otherSite: (host: string) => `You sign in at ${host}, which is not part of the server’s own site.`,
  opened: 'Nothing opened? Open the page again, or copy the link.',
  blocked: 'The sign-in page is ready. Open it to continue.',
  open: 'Open sign-in page',
  openAgain: 'Open again',
  copyLink: 'Copy link',
  unknownClient: 'Does that page say the client is unknown?',
  newClient: 'Register again',
  cancel: 'Cancel',
  device: 'Enter this code',
  deviceHelp: 'On this computer or any other device, open',
  deviceOpen: 'Open that page',
  devicePicture: 'QR code of the URL',
  paste: 'Did you end up on a page that does not load?',
  pasteHelp: 'This happens if the browser runs on another computer. Copy the full URL of that page and paste it here.',
  pasteLabel: 'URL of that page',
  pasteSubmit: 'Continue',
  done: 'Signed in',
  doneText: 'Your tokens are encrypted and stored. Tokentray refreshes them from now on.',
  show: 'Show server',
  again: 'Try again',
  failed: 'Sign-in failed',
  question: 'Confirm before you sign in',
  cancelled: 'Sign-in cancelled',
  stopped: 'No sign-in is in progress.',
  start: 'Start sign-in',
  ownClient: 'Use your own client ID…',
  changeAddress: 'Change the URL…',
  settings: 'Server settings',
  ownClientStep: ['Use your own client ID', 'Used your own client ID'] as [string, string]
}
