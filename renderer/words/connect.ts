// The text for connecting a client (an editor or an agent) to one server through the gateway.
// What the client's own file holds is shown as it is.

export const connectWords = {
  title: 'Connect a client',
  lead: 'This points the client at Tokentray and gives it a key for this server only. It never holds the server’s own token.',
  which: 'Client',
  byHand: 'Shown here for you to copy',
  states: {
    new: 'This will be added to its configuration file:',
    changed: 'This will change in its configuration file:',
    connected: 'Already connected: its configuration file has this entry.',
    foreign:
      'Its configuration file already has an entry with this name that Tokentray did not write. Tokentray’s entry would be:',
    manual: 'Add this to the client’s server settings. Replace [key] with a key created by “tokentray clients add-key”.'
  },
  marks: {
    verified: 'Tested with this client.',
    cited: 'According to this client’s documentation.',
    unverified: 'Not tested with a client.'
  },
  write: 'Write to file',
  replace: 'Preview replacing it',
  rotate: 'Prepare a new key',
  undo: 'Disconnect',
  written: (client: string, path: string) => `${client} connected: ${path}`,
  undone: (client: string) => `${client} disconnected and its key revoked.`,
  nothing: (client: string) => `${client} was not connected.`
}
