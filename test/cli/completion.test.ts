// Completion: which names are offered at Tab, and that no name of a server or client can be more than text to a shell.
// The scripts run in real shells, beside a `tokentray` that prints the names of the test.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { run } from '../../app/cli/run.ts'
import { listen } from '../../app/owner/listen.ts'
import { type FakeCore, makeCore, makeView } from '../owner/fakeCore.ts'
import { isSkipped } from '../support/skipped.ts'
import { fail, makeWorld, runIn } from './world.ts'

describe('the names that a running Tokentray offers', () => {
  async function makeOwned(core: FakeCore) {
    const made = makeWorld({ core })
    const owner = await listen({ core, paths: made.paths, kind: 'lasting', version: '1', clock: systemClock() })
    onTestFinished(() => owner.close())
    return made
  }
  async function ask(core: FakeCore, kind: string) {
    const { world, text, lock } = await makeOwned(core)
    expect(await run(['complete', kind], world)).toBe(0)
    expect([text.err, lock.claims()]).toEqual(['', 0])
    return text.out.split('\n').slice(0, -1)
  }

  test('servers by id and by name, but by no name that is not one server alone, or that a terminal would not show as it is', async () => {
    const servers = [
      makeView('a', { name: 'A' }),
      makeView('linear', { name: 'Linear of $(work)' }),
      ...['b', 'c'].map((id) => makeView(id, { name: 'Twice' })),
      makeView('d', { name: 'linear' }),
      ...['-rf', ' x', 'x ', 'x\ny', 'x\ty', '\u001b[2Jx', 'x\u202ey', 'x\u2028y'].map((name, at) =>
        makeView(`odd-${at}`, { name })
      )
    ]
    expect((await ask(makeCore(servers), 'servers')).toSorted()).toEqual([
      'Linear of $(work)\tlinear',
      'a\tA',
      'b\tTwice',
      'c\tTwice',
      'd\tlinear',
      'linear\tLinear of $(work)',
      ...servers.slice(5).map(({ id }) => `${id}\t`)
    ])
  })

  test('clients by name, or by id where the name does not tell which', async () => {
    const core = makeCore()
    const clients = [
      { id: 'k1', name: 'Claude Code' },
      { id: 'k2', name: 'twice' },
      { id: 'k3', name: 'Twice' },
      { id: 'k4', name: '-x' },
      { id: '-k5', name: 'twice' }
    ]
    core.on('clients.list', () => ({ clients, pending: [], locked: false, refused: [] }))
    expect(await ask(core, 'clients')).toEqual(['Claude Code\tk1', 'k2\ttwice', 'k3\tTwice', 'k4\t'])
  })

  test('a vault that is locked offers nothing', async () => {
    const core = makeCore()
    core.on('clients.list', fail('passphraseNeeded', 'The vault is locked.'))
    expect(await ask(core, 'clients')).toEqual([])
  })

  test('where none runs nothing is started, opened or said', async () => {
    const { exitCode, out, err, lock } = await runIn(['complete', 'servers'])
    expect([exitCode, out, err, lock.claims()]).toEqual([0, '', '', 0])
  })

  test('one that does not answer is not waited for longer than a second', async () => {
    const core = makeCore([makeView('a')])
    const answer = Promise.withResolvers<void>()
    const { world, text } = await makeOwned(core)
    const clock = systemClock()
    let giveUp = () => {}
    world.clock = {
      ...clock,
      after(ms, wake) {
        if (ms !== 1000) return clock.after(ms, wake)
        giveUp = wake
        return () => {}
      }
    }
    core.on('snapshot', () => {
      giveUp()
      return answer.promise
    })
    expect(await run(['complete', 'servers'], world)).toBe(0)
    expect([text.out, text.err]).toEqual(['', ''])
    answer.resolve()
  })

  test('anything else is no command', async () => {
    for (const words of [['complete'], ['complete', 'tokens'], ['complete', 'servers', 'x']])
      expect((await runIn(words)).err).toContain("Unknown command 'complete'")
  })
})

const has = (shell: string) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, shell)))
const names = [
  'linear',
  'My server',
  'quo"te',
  "it's",
  'back\\slash',
  'bang!!',
  'Zürich 東京',
  'co:lon',
  '[x](y:z)',
  '~root',
  '#hash',
  '%s{a,b}',
  '* ? <x> | & ;'
]

/** A folder where injected code would leave its mark, with a `tokentray` that offers `names` and names that are code. */
function makeShell(shell: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tt-completion-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const mark = join(folder, 'mark')
  const codes = [
    `$(touch ${mark})`,
    `\`touch ${mark}\``,
    `;touch ${mark};`,
    `' ; touch ${mark} '`,
    `\${x:=$(touch ${mark})}`
  ]
  const all = [...names, ...codes]
  writeFileSync(join(folder, 'names'), all.map((name) => `${name}\tmeaning $(touch ${mark})\n`).join(''))
  writeFileSync(join(folder, 'tokentray'), `#!/bin/sh\n[ "$1" = complete ] && cat '${join(folder, 'names')}'\n`)
  chmodSync(join(folder, 'tokentray'), 0o755)
  /** The lines that `code` prints, with the script of this shell at `$1`. */
  const runCode = async (code: string, options: string[] = []) => {
    const { out, exitCode } = await runIn(['completion', shell])
    expect(exitCode).toBe(0)
    const script = join(folder, `script.${shell}`)
    writeFileSync(script, out)
    const env = { HOME: folder, PATH: `${folder}:${process.env.PATH}`, LC_ALL: 'C.UTF-8' }
    const said = execFileSync(shell, [...options, '-c', code.replaceAll('SCRIPT', script)], { env, encoding: 'utf8' })
    expect(existsSync(mark)).toBe(false)
    return said.split('\n').slice(0, -1)
  }
  return { all, runCode }
}

describe('bash', () => {
  /** What Tab offers behind `words`, which are given as bash holds them, before quotes are taken away. */
  const complete = (words: string[], current = '') => {
    const { all, runCode } = makeShell('bash')
    const line = [...words, current].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
    const code = `source SCRIPT; COMP_WORDS=(tokentray ${line}); COMP_CWORD=${words.length + 1}; _tokentray`
    return {
      all,
      raw: () => runCode(`${code}; printf '%s\\n' "\${COMPREPLY[@]}"`),
      /** Each offer typed on a command line and read back by bash. */
      typed: () => runCode(`${code}; for each in "\${COMPREPLY[@]}"; do eval "printf '%s\\\\n' $each"; done`)
    }
  }

  test('knows commands, their options and those below them', async () => {
    expect(await complete([]).raw()).toEqual(expect.arrayContaining(['add', 'vault', '--version']))
    expect(await complete(['token', 'a']).raw()).toContain('--min-valid')
    expect(await complete(['token'], '--m').raw()).toEqual(['--min-valid'])
    expect(await complete(['help']).raw()).toEqual(expect.arrayContaining(['add', 'vault']))
    expect(await complete(['vault']).raw()).toEqual(expect.arrayContaining(['check', 'path', 'reset']))
    expect(await complete(['connect'], 'cur').raw()).toEqual(['cursor'])
    expect(await complete(['completion']).raw()).toEqual(['bash', 'zsh', 'fish'])
  })

  test.each([
    [['token']],
    [['connect', 'cursor']],
    [['run', '--env', 'X']],
    [['history', '--limit', '=', '5']],
    [['clients', 'revoke']],
    [['clients', 'activity', '--json']]
  ])('%j is followed by a name, and each comes back as the one word it is', async (words) => {
    const { all, typed } = complete(words)
    expect(await typed()).toEqual(all)
  })

  test.each([
    ['My', 'My\\ server'],
    ['My\\ s', 'My\\ server'],
    ['"My', 'My server'],
    ["'My", 'My server'],
    ['"it', "it's"],
    ["'it", ''],
    ['"quo', ''],
    ['\\$', '']
  ])('what is begun as %s goes on in the same quotes', async (begun, offered) => {
    const said = await complete(['token'], begun).raw()
    if (begun === '\\$') expect(said).toHaveLength(2)
    else expect(said).toEqual([offered])
  })

  test.each([[['add']], [['token', '--min-valid']], [['run', 'a']], [['run', 'a', '--', 'npm']]])(
    'no name is offered behind %j',
    async (words) => {
      expect((await complete(words).raw()).filter((word) => word && !word.startsWith('--'))).toEqual([])
    }
  )
})

describe.skipIf(isSkipped(!has('zsh'), 'no zsh here'))('zsh', () => {
  // What the completion system is handed: it quotes each word where it inserts one.
  const doubles = [
    'compdef() { :; }',
    '_files() { print files; }',
    `_describe() { print -rl -- "\${next[@]}"; }`,
    `compadd() { [[ $1 == -a ]] && print -rl -- "\${(P@)2}" || print -rl -- "$@"; }`
  ].join('\n')
  const complete = (words: string[]) => {
    const { all, runCode } = makeShell('zsh')
    const line = ['tokentray', ...words, ''].map((word) => `'${word}'`).join(' ')
    const code = `${doubles}\nsource SCRIPT; words=(${line}); CURRENT=${words.length + 2}; _tokentray`
    return { all, said: () => runCode(code, ['-f']) }
  }
  test('offers names as they are, commands with what they do, and files', async () => {
    for (const words of [['token'], ['history', '--limit', '5'], ['clients', 'revoke']]) {
      const { all, said } = complete(words)
      expect(await said()).toEqual(all)
    }
    expect(await complete(['vault']).said()).toContain('path:print the path of the vault')
    expect(await complete(['connect']).said()).toContain('cursor')
    expect(await complete(['token', '--min-valid']).said()).toEqual(['files'])
  })
})

describe.skipIf(isSkipped(!has('fish'), 'no fish here'))('fish', () => {
  const complete = (line: string) => {
    const { all, runCode } = makeShell('fish')
    return { all, said: () => runCode(`source SCRIPT; complete -C '${line}'`, ['--no-config']) }
  }
  test('offers names as they are, commands with what they do', async () => {
    for (const line of ['token ', 'history --limit 5 ', 'clients revoke ']) {
      const { all, said } = complete(`tokentray ${line}`)
      expect((await said()).map((each) => each.split('\t')[0]).toSorted()).toEqual(all.toSorted())
    }
    expect(await complete('tokentray vault pa').said()).toEqual(['path\tprint the path of the vault'])
    expect(await complete('tokentray connect cu').said()).toEqual(['cursor'])
    expect(await complete('tokentray token --min').said()).toEqual([expect.stringMatching(/^--min-valid\t/)])
  })
})

test('without a shell, the help is printed and nothing is wrong', async () => {
  const { out, err, exitCode } = await runIn(['completion'])
  expect([exitCode, err]).toEqual([0, ''])
  expect(out).toBe((await runIn(['completion', '--help'])).out)
})

test.each(['bash', 'zsh', 'fish'])('%s: how to install it is in the help, in the script and in docs', async (shell) => {
  const { out } = await runIn(['completion', '--help'])
  expect(out).toContain(`tokentray completion ${shell}`)
  expect((await runIn(['completion', shell])).out.split('\n').slice(0, 3).join('\n')).toContain(
    `tokentray completion ${shell}`
  )
})
