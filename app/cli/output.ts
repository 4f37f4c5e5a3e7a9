// What commands write: results to stdout, notes for a person to stderr, JSON where asked for.
// Servers choose some of these texts, so control characters never reach the terminal.
import type { Output, World } from './world.ts'

/** `text` without control characters other than line feed and tab. */
export function clean(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '')
}

function write(output: Output, text: string): void {
  if (!output.destroyed && !output.writableEnded) output.write(text)
}

/** One line of the result, to stdout. */
export function print(world: World, line: string): void {
  write(world.stdout, `${clean(line)}\n`)
}

/** One line for a person, to stderr. */
export function printNote(world: World, line: string): void {
  write(world.stderr, `${clean(line)}\n`)
}

/** One JSON text on one line, to stdout. */
export function printJson(world: World, value: unknown): void {
  write(world.stdout, `${JSON.stringify(value)}\n`)
}

/** Raw text to stdout: a table that brings its own colours, or a token. */
export function printRaw(world: World, text: string): void {
  write(world.stdout, text)
}

/** True where colours are wanted: a terminal, and no NO_COLOR (no-color.org: set and not empty). */
export function hasColor(world: World): boolean {
  return world.stdout.isTTY === true && !world.env.NO_COLOR && world.env.TERM !== 'dumb'
}

/** True where a person is there to answer. */
export function isInteractive(world: World): boolean {
  return world.stdin.isTTY === true && world.stderr.isTTY === true
}
