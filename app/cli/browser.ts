// Sends a person's browser to a URL: BROWSER if set, else the system's own way. No shell is ever involved.
// Only http and https URLs are opened: the address comes from a server, and other schemes start other programs.
import { spawn } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { childEnvironment } from '../base/childEnvironment.ts'
import type { Environment } from '../base/paths.ts'
import { TokentrayError } from '../contract/errors.ts'

/** The words of a command line, split as a POSIX shell would: quotes and backslashes, no expansions. Throws `inputInvalid`. */
export function splitCommand(line: string, name = 'BROWSER'): string[] {
  const words: string[] = []
  let word: string | null = null
  let quote: string | null = null
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]!
    if (quote === "'") {
      if (letter === "'") quote = null
      else word += letter
    } else if (letter === '\\' && (quote === null || '\\"$`'.includes(line[at + 1] ?? ' '))) {
      word = (word ?? '') + (line[++at] ?? '')
    } else if (quote === '"') {
      if (letter === '"') quote = null
      else word += letter
    } else if (letter === "'" || letter === '"') {
      quote = letter
      word ??= ''
    } else if (/\s/.test(letter)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + letter
  }
  if (quote) throw new TokentrayError('inputInvalid', `${name} contains an unclosed ${quote}: ${line}`)
  if (word !== null) words.push(word)
  return words
}

/** The commands that open `url`, to be tried one after the other; empty where there is no way to. */
export function browserCommands(url: string, env: Environment, platform: NodeJS.Platform): string[][] {
  return /^https?:$/.test(new URL(url).protocol) ? commandsFor(url, env, platform) : []
}

function commandsFor(url: string, env: Environment, platform: NodeJS.Platform): string[][] {
  const line = env.BROWSER?.trim()
  // On Windows a backslash is part of a path, so only quotes and spaces count there.
  if (line && platform === 'win32') return [withUrl(splitCommand(line.replaceAll('\\', '\\\\')), url)]
  if (line) return splitList(line).map((one) => withUrl(splitCommand(one), url))
  if (platform === 'win32') return [['rundll32', 'url.dll,FileProtocolHandler', url]]
  if (platform === 'darwin') return [['open', url]]
  return env.DISPLAY || env.WAYLAND_DISPLAY ? [['xdg-open', url]] : []
}

/** As xdg-open does it: the URL is put where the command says `%s`, and at its end where it does not. */
function withUrl(words: string[], url: string): string[] {
  const placed = words.map((word) => word.replaceAll('%s', () => url))
  return words.some((word) => word.includes('%s')) ? placed : [...words, url]
}

/** The commands of a list with colons between them; one in quotes, in a URL or before a port belongs to its command. */
function splitList(line: string): string[] {
  const parts = ['']
  for (const [piece, colon] of line.matchAll(/'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|(:(?!\/\/|\d))|[\s\S]/g)) {
    if (colon) parts.push('')
    else parts.push(parts.pop() + piece)
  }
  return parts.filter((part) => part.trim() !== '')
}

/** Starts the browser and leaves it alone; false where it could not be started. */
export function openBrowser(url: string, env: Environment, platform: NodeJS.Platform): Promise<boolean> {
  return startOne(browserCommands(url, env, platform), env)
}

/** The same for a page that this program wrote itself. */
export function openPage(file: string, env: Environment, platform: NodeJS.Platform): Promise<boolean> {
  return startOne(commandsFor(pathToFileURL(file).href, env, platform), env)
}

/** Starts the first of these that is there. */
async function startOne(commands: string[][], env: Environment): Promise<boolean> {
  for (const command of commands) if (await start(command, env)) return true
  return false
}

function start([program, ...rest]: string[], env: Environment): Promise<boolean> {
  if (!program) return Promise.resolve(false)
  return new Promise((resolve) => {
    const child = spawn(program, rest, { stdio: 'ignore', detached: true, env: childEnvironment(env) })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}
