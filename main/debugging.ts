// Tells whether Chromium was started so that another program can steer its pages, from the switches on the command line.
// The fuses close Node's own debugger only: through a port for pages, any program here could press every button.
import type { App, CommandLine } from 'electron'

const switches = ['remote-debugging-port', 'remote-debugging-pipe'] as const

/** The sentence that ends such a start; null where there is none. Development uses these switches: Playwright steers by them. */
export function refuseDebugging(
  app: Pick<App, 'isPackaged'> & { commandLine: Pick<CommandLine, 'hasSwitch'> }
): string | null {
  const found = app.isPackaged && switches.find((name) => app.commandLine.hasSwitch(name))
  return found ? `Tokentray does not start with --${found}, because other programs could then use its window.` : null
}
