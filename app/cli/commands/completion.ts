// `tokentray completion`: prints completion scripts for shells, made from commander's tree.
// They complete commands and options, not the names of servers: pressing Tab must never open a vault.
import type { Command } from 'commander'
import { TokentrayError } from '../../contract/errors.ts'
import { printRaw } from '../output.ts'
import type { World } from '../world.ts'

type Word = { word: string; words: string }
/** A place in a command line, "" or "vault" or "vault check", and what can come next there. */
type Place = { path: string; next: Word[] }

function places(command: Command, path: readonly string[] = []): Place[] {
  const help = command.createHelp()
  const options = help
    .visibleOptions(command)
    .map((option) => ({ word: option.long ?? option.flags, words: option.description }))
  const below = help.visibleCommands(command)
  const subcommands = below.map((each) => ({ word: each.name(), words: each.description() }))
  return [
    { path: path.join(' '), next: [...subcommands, ...options] },
    ...below.flatMap((each) =>
      each.name() === 'help'
        ? { path: [...path, 'help'].join(' '), next: subcommands }
        : places(each, [...path, each.name()])
    )
  ]
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

function bash(all: Place[]): string {
  const cases = all.map(
    ({ path, next }) => `    ${quote(path)}) words=${quote(next.map(({ word }) => word).join(' '))} ;;`
  )
  return `_tokentray() {
  local at path='' words='' word
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    [[ $word == -* ]] && continue
    case "\${path:+$path }$word" in
${all
  .filter(({ path }) => path)
  .map(({ path }) => `      ${quote(path)}) path=${quote(path)} ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _tokentray tokentray
`
}

function zsh(all: Place[]): string {
  const entry = ({ word, words }: Word) => quote(`${word.replaceAll(':', '\\:')}:${words}`)
  return `#compdef tokentray
_tokentray() {
  local place='' word
  local -a next
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${place:+$place }$word" in
${all
  .filter(({ path }) => path)
  .map(({ path }) => `      ${quote(path)}) place=${quote(path)} ;;`)
  .join('\n')}
    esac
  done
  case "$place" in
${all.map(({ path, next }) => `    ${quote(path)}) next=(${next.map(entry).join(' ')}) ;;`).join('\n')}
  esac
  _describe tokentray next || _files
}
compdef _tokentray tokentray
`
}

function fish(all: Place[]): string {
  const names = all[0]!.next.filter(({ word }) => !word.startsWith('-')).map(({ word }) => word)
  const lines = all.flatMap(({ path, next }) => {
    const seen = path.split(' ').filter(Boolean)
    const condition =
      seen.length === 0
        ? `not __fish_seen_subcommand_from ${names.join(' ')}`
        : seen.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
    return next.map(({ word, words }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`
      return `complete -c tokentray -n ${quote(condition)} ${what} -d ${quote(words)}`
    })
  })
  return `${lines.join('\n')}\n`
}

const shells: Record<string, (all: Place[]) => string> = { bash, zsh, fish }

export function completion(world: World, program: Command, shell: string): void {
  const write = Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (!write) throw new TokentrayError('inputInvalid', `"${shell}" is not a supported shell. Choose bash, zsh or fish.`)
  printRaw(world, write(places(program)))
}
