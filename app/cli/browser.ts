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

/** The command that opens `url`, null where there is no way to. */
export function browserCommand(url: string, env: Environment, platform: NodeJS.Platform): string[] | null {
  return /^https?:$/.test(new URL(url).protocol) ? commandFor(url, env, platform) : null
}

function commandFor(url: string, env: Environment, platform: NodeJS.Platform): string[] | null {
  // On Windows a backslash is part of a path, so only quotes and spaces count there.
  const line = env.BROWSER?.trim()
  if (line) return [...splitCommand(platform === 'win32' ? line.replaceAll('\\', '\\\\') : line), url]
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url]
  if (platform === 'darwin') return ['open', url]
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open', url] : null
}

/** Starts the browser and leaves it alone; false where it could not be started. */
export function openBrowser(url: string, env: Environment, platform: NodeJS.Platform): Promise<boolean> {
  return start(browserCommand(url, env, platform), env)
}

/** The same for a page that this program wrote itself. */
export function openPage(file: string, env: Environment, platform: NodeJS.Platform): Promise<boolean> {
  return start(commandFor(pathToFileURL(file).href, env, platform), env)
}

function start(command: string[] | null, env: Environment): Promise<boolean> {
  const [program, ...rest] = command ?? []
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
