// What the parts of commander's tree share: how a command is added, and how pairs, whole numbers and hosts are read.
// An invalid value throws commander's own error, which run.ts turns into one sentence.
import { type Command, InvalidArgumentError, Option } from 'commander'

/** Adds a command to the tree, or to a part of it. */
export type Make = (usage: string, description: string, parent?: Command) => Command
/** Runs a command's own code and tells its exit code. */
export type Run = (work: () => unknown) => Promise<void>

/** The `help` of the whole program and of each group. */
export const helpCommand = ['help [command]', 'print help for a command'] as const

/** `k=v`, collected over several uses. */
export function collect(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Use name=value.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

export function whole(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`Use a whole number from ${least} to ${most}.`)
  }
}

export const dashed = (field: string) => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
export const redirectHost = () =>
  new Option('--redirect-host <host>', 'host of the redirect URI').choices(['127.0.0.1', 'localhost'])
