// Makes docs/protocol-coverage.md: what comes of every hostile reply at every step, from the table the tests prove.
// The cells are test/oauth/hostile.ts's; hostile.test.ts fails where the product does otherwise.
import { answers, expected, faults, type StepName, steps } from '../test/oauth/hostile.ts'

const names = Object.keys(steps) as StepName[]

const cells = (...parts: string[]) => `| ${parts.join(' | ')} |`

/** A code or fault as code, words as words. */
const shown = (outcome: string) => (/ |^(renewed|confirmed|unconfirmed)$/.test(outcome) ? outcome : `\`${outcome}\``)

export function makeProtocolCoverage(): string {
  const matrix = Object.entries(faults).map(([name, { what }]) =>
    cells(what, ...names.map((step) => shown(expected[name]![step])))
  )
  return `# Protocol coverage

Made by \`npm run docs\` from the table that \`test/oauth/hostile.test.ts\` proves, each cell on a real server.

## A reply gone wrong, at each step

A code is what the person is told, in a sentence; \`busy\`, \`lost\` and \`garbled\` are transient faults that keep everything
and are tried again. In no cell is a grant given up, a token shown, another host asked, or a code or refresh token sent twice.

${cells('The reply', ...names.map((step) => steps[step].name))}
${cells('---', ...names.map(() => '---'))}
${matrix.join('\n')}

"Signed in" where a reply was bad: what it would have said was found in another place that the standards name. The body of a
revocation's 200 means nothing (RFC 7009 section 2.2).

## What comes back through the browser

| The answer has | What comes of it |
| --- | --- |
${answers.map(({ what, outcome }) => cells(what, shown(outcome))).join('\n')}

## Elsewhere

- Every form of a token reply, and thousands of generated ones: \`test/oauth/tokenReply.test.ts\`.
- Several challenges in one header: \`test/net/challenge.test.ts\`. Metadata that points at private addresses, and issuers
  that differ: \`test/oauth/discovery.test.ts\`, \`test/net/request.test.ts\`.
- Clocks that disagree by hours: \`test/oauth/tokenReply.test.ts\`, \`test/keeper/keeper.test.ts\`.
`
}
