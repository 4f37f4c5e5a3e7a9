// Reads and writes the text of the file that starts Tokentray at login on Linux (XDG Desktop Application Autostart 0.5).
// Pure; loginItem.ts stores the file.

/** A command line as Exec wants it: quoted words, "%" doubled, and the backslashes doubled again as a desktop string. */
function writeExec(command: readonly string[]): string {
  const quote = (word: string) => `"${word.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%')}"`
  return command.map(quote).join(' ').replaceAll('\\', '\\\\')
}

export function writeEntry(command: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Version=1.0',
    'Name=Tokentray',
    'Comment=Keeps the OAuth tokens of your MCP servers fresh',
    `Exec=${writeExec(command)}`,
    'Icon=tokentray',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    ''
  ].join('\n')
}

/** True where the desktop would start `command` at login: present, not switched off there, and not of an older place. */
export function isEntryOn(text: string | null, command: readonly string[]): boolean {
  if (text === null) return false
  const [, group = ''] = text.split(/^\[Desktop Entry\]\s*$/m)
  const values = new Map(
    (group.split(/^\[/m)[0] ?? '').split('\n').flatMap((line) => {
      const [, name, value] = /^([A-Za-z0-9-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
      return name === undefined ? [] : [[name, value] as const]
    })
  )
  return (
    values.get('Hidden') !== 'true' &&
    values.get('X-GNOME-Autostart-enabled') !== 'false' &&
    values.get('Exec') === writeExec(command)
  )
}
