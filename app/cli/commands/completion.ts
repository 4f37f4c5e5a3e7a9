// `tokentray completion`: prints completion scripts for shells, made from commander's tree.
// Names of servers and clients are asked from `tokentray complete` at each Tab, and are text to the shell, never code.
import type { Command } from 'commander'
import { clients } from '../../connect/clients.ts'
import { TokentrayError } from '../../contract/errors.ts'
import { printRaw } from '../output.ts'
import type { World } from '../world.ts'

type Word = { word: string; words: string }
/** What an argument is: names of a kind that `tokentray complete` knows, some words, or something else, such as a file. */
type Argument = 'servers' | 'clients' | readonly string[] | null
/** A place in a command line, "" or "vault" or "vault check", and what can come next there. */
type Place = {
  path: string
  next: Word[]
  arguments: Argument[]
  /** The options that are followed by a value. */
  valued: string[]
}

/** A list of names is completed up to this one. */
const maxCompleted = 10

function places(command: Command, path: readonly string[] = []): Place[] {
  const help = command.createHelp()
  const visible = help.visibleOptions(command)
  const options = visible.map((option) => ({ word: option.long ?? option.flags, words: option.description }))
  const below = help.visibleCommands(command)
  const subcommands = below.map((each) => ({ word: each.name(), words: each.description() }))
  const place = path.join(' ')
  return [
    {
      path: place,
      next: [...subcommands, ...options],
      arguments: command.registeredArguments.flatMap((each) =>
        Array(each.variadic ? maxCompleted : 1).fill(argumentOf(place, each.name()))
      ),
      valued: visible
        .filter((option) => option.required || option.optional)
        .map((option) => option.long ?? option.flags)
    },
    ...below.flatMap((each) =>
      each.name() === 'help'
        ? { path: [...path, 'help'].join(' '), next: subcommands, arguments: [], valued: [] }
        : places(each, [...path, each.name()])
    )
  ]
}

function argumentOf(place: string, name: string): Argument {
  if (name === 'server' || name === 'servers') return 'servers'
  if (name === 'client') return place.startsWith('clients ') ? 'clients' : clients.map(({ id }) => id)
  return name === 'shell' ? Object.keys(shells) : null
}

/** What every script is made of. A position is a place and the number of arguments before the cursor: "clients revoke 0". */
type Facts = {
  places: Place[]
  /** The places but for the first, which is "". */
  paths: string[]
  servers: string[]
  clients: string[]
  lists: [position: string, words: readonly string[]][]
  /** "history --limit": options that are followed by a value. */
  valued: string[]
}

function factsOf(all: Place[]): Facts {
  const positions = all.flatMap((place) =>
    place.arguments.map((argument, at) => ({ position: `${place.path} ${at}`, argument }))
  )
  const ofKind = (kind: Argument) => positions.flatMap((each) => (each.argument === kind ? [each.position] : []))
  return {
    places: all,
    paths: all.map(({ path }) => path).filter(Boolean),
    servers: ofKind('servers'),
    clients: ofKind('clients'),
    lists: positions.flatMap(({ position, argument }): Facts['lists'] =>
      Array.isArray(argument) ? [[position, argument]] : []
    ),
    valued: all.flatMap(({ path, valued }) => valued.map((each) => `${path} ${each}`))
  }
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
/** A pattern of bash and zsh that matches each of these texts. */
const anyOf = (texts: readonly string[]) => texts.map(quote).join('|')
/** The command line of another program begins at the second argument of `run`. */
const command = "'run '[1-9]*"

function bash({ places, paths, servers, clients, lists, valued }: Facts): string {
  return `# Completes tokentray in bash. To install it, add this line to ~/.bashrc:
#   source <(tokentray completion bash)
_tokentray_names() {
  local name meaning quoted mark='' typed="$2"
  case "$typed" in
    \\"*|\\'*) mark="\${typed:0:1}" typed="\${typed:1}" ;;
    *) typed="\${typed//\\\\/}" ;;
  esac
  # The names are never evaluated: each is quoted, in the quotes that were begun where it can stand in them.
  while IFS=$'\\t' read -r name meaning; do
    [[ $name == "$typed"* ]] || continue
    case "$mark" in
      \\') [[ $name == *\\'* ]] || COMPREPLY+=("$name") ;;
      \\") [[ $name == *[\\"\\$\\\`\\\\!]* ]] || COMPREPLY+=("$name") ;;
      *) printf -v quoted %q "$name" && COMPREPLY+=("$quoted") ;;
    esac
  done < <(tokentray complete "$1" 2>/dev/null)
  compopt +o default 2>/dev/null
}
_tokentray() {
  local at path='' word words='' count=0 current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    case "$path $word" in
      ${anyOf(valued)})
        ((at++))
        [[ \${COMP_WORDS[at]} == = ]] && ((at++))
        continue
        ;;
    esac
    [[ $word == -* ]] && continue
    case "\${path:+$path }$word" in
      ${anyOf(paths)}) path="\${path:+$path }$word" ;;
      *) ((count++)) ;;
    esac
  done
  ((at > COMP_CWORD)) && return
  if [[ $current != -* ]]; then
    case "$path $count" in
      ${anyOf(servers)}) _tokentray_names servers "$current"; return ;;
      ${anyOf(clients)}) _tokentray_names clients "$current"; return ;;
${lists.map(([position, words]) => `      ${quote(position)}) words=${quote(words.join(' '))} ;;`).join('\n')}
      ${command}) return ;;
    esac
  fi
  [[ -n $words ]] || case "$path" in
${places.map(({ path, next }) => `    ${quote(path)}) words=${quote(next.map(({ word }) => word).join(' '))} ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _tokentray tokentray
`
}

function zsh({ places, paths, servers, clients, lists, valued }: Facts): string {
  const entry = ({ word, words }: Word) => quote(`${word.replaceAll(':', '\\:')}:${words}`)
  return `#compdef tokentray
# Completes tokentray in zsh. To install it, add this line to ~/.zshrc, below compinit:
#   source <(tokentray completion zsh)
_tokentray_names() {
  local -a names
  names=(\${(f)"$(tokentray complete $1 2>/dev/null)"})
  names=("\${(@)names%%$'\\t'*}")
  # compadd quotes what it inserts, and the names are never evaluated.
  compadd -a names
}
_tokentray() {
  local place='' word
  local -a next
  integer at=2 count=0
  while (( at < CURRENT )); do
    word=\${words[at]}
    (( at++ ))
    case "$place $word" in
      ${anyOf(valued)})
        (( at++ ))
        continue
        ;;
    esac
    [[ $word == -* ]] && continue
    case "\${place:+$place }$word" in
      ${anyOf(paths)}) place="\${place:+$place }$word" ;;
      *) (( count++ )) ;;
    esac
  done
  if (( at > CURRENT )); then
    _files
    return
  fi
  if [[ \${words[CURRENT]} != -* ]]; then
    case "$place $count" in
      ${anyOf(servers)}) _tokentray_names servers; return ;;
      ${anyOf(clients)}) _tokentray_names clients; return ;;
${lists
  .map(([position, words]) => `      ${quote(position)}) compadd ${words.map(quote).join(' ')}; return ;;`)
  .join('\n')}
      ${command}) _files; return ;;
    esac
  fi
  case "$place" in
${places.map(({ path, next }) => `    ${quote(path)}) next=(${next.map(entry).join(' ')}) ;;`).join('\n')}
  esac
  _describe tokentray next || _files
}
if [[ $funcstack[1] == _tokentray ]]; then
  _tokentray "$@"
else
  compdef _tokentray tokentray
fi
`
}

function fish({ places, paths, servers, clients, lists, valued }: Facts): string {
  const anyOf = (texts: readonly string[]) => texts.map(quote).join(' ')
  const line = ({ word, words }: Word) => `${quote(word)} ${quote(words)}`
  return `# Completes tokentray in fish. To install it:
#   tokentray completion fish > ~/.config/fish/completions/tokentray.fish
function __tokentray_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  set -l place ''
  set -l count 0
  set -l skip no
  for word in $before[2..-1]
    if test $skip = yes
      set skip no
      continue
    end
    switch "$place $word"
      case ${anyOf(valued)}
        set skip yes
        continue
    end
    string match -q -- '-*' $word; and continue
    switch (string trim -- "$place $word")
      case ${anyOf(paths)}
        set place (string trim -- "$place $word")
      case '*'
        set count (math $count + 1)
    end
  end
  if test $skip = yes
    __fish_complete_path $current
    return
  end
  if not string match -q -- '-*' $current
    switch "$place $count"
      # Each line is one candidate. fish quotes what it inserts, and the names are never evaluated.
      case ${anyOf(servers)}
        tokentray complete servers 2>/dev/null
        return
      case ${anyOf(clients)}
        tokentray complete clients 2>/dev/null
        return
${lists.map(([position, words]) => `      case ${quote(position)}\n        printf '%s\\n' ${anyOf(words)}\n        return`).join('\n')}
      case 'run *'
        __fish_complete_path $current
        return
    end
  end
  switch "$place"
${places.map(({ path, next }) => `    case ${quote(path)}\n      printf '%s\\t%s\\n' ${next.map(line).join(' ')}`).join('\n')}
  end
end
complete -c tokentray -e
complete -c tokentray -f -a '(__tokentray_complete)'
`
}

const shells: Record<string, (facts: Facts) => string> = { bash, zsh, fish }

export function completion(world: World, program: Command, shell: string): void {
  const write = Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (!write) throw new TokentrayError('inputInvalid', `"${shell}" is not a supported shell. Choose bash, zsh or fish.`)
  printRaw(world, write(factsOf(places(program))))
}
