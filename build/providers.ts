// Makes docs/providers.md from the table of providers and of what is known of them.
// A test compares the file with what this makes, so the page cannot fall behind.
import { optionsOf, quirkFacts } from '../app/contract/quirks.ts'
import { providerQuirks } from '../app/providers/providerQuirks.ts'
import { providers } from '../app/providers/providers.ts'

const listed = (places: readonly string[]) => places.map((place) => `\`${place}\``).join(', ')

/** The page as text. */
export function makeProvidersPage(): string {
  const sections = providers.map(({ id, name, hosts, issuerHosts, issuerPath, steps, trust, page, redirectHost }) => {
    const known = (providerQuirks[id] ?? []).map(
      ({ says, change, trust, source }) =>
        `- ${says}${change ? ` Proposed: \`${optionsOf(change).join(' ')}\`.` : ''} (${mark(trust, source)})`
    )
    const places = [...hosts, ...(issuerPath ? [`any issuer whose path begins with ${issuerPath}`] : [])]
    return [
      `## ${name}`,
      `Recognised by: ${listed(places)}.${issuerHosts ? ` Settings are proposed only at its issuers: ${listed(issuerHosts)}.` : ''}`,
      known.length > 0 ? known.join('\n') : 'Nothing beyond the standard is known.',
      `A client of your own (redirect host \`${redirectHost}\`; ${mark(trust, page)}):`,
      steps.map((step, at) => `${at + 1}. ${step}`).join('\n')
    ].join('\n\n')
  })
  const switches = Object.values(quirkFacts).map(
    ({ option, does, givesUp }) => `| \`${option} on\` | ${does} | ${givesUp} |`
  )
  return `# Providers

Written by \`npm run docs\` from \`app/providers/providers.ts\` and \`app/providers/providerQuirks.ts\`.

Every server gets the standard first. What a provider is known to need beyond it is proposed when its server is added; what a
sign-in or a refresh is seen to need is proposed when it fails: by \`tokentray add\`, \`login\` and \`refresh\`, which ask on a
terminal, and on the pages. It stays proposed, after a restart too, until it is set or another sign-in begins. Nothing is set without
a yes. What was set is kept with its reason and shown in the server’s detail.

Marks: \`verified\` was tried with Tokentray; \`cited\` was read at the source named, which may have changed since;
\`unverified\` was heard of. Page not found is verified yet.

## What can be allowed

| Option of \`tokentray set\` | What it does | What is given up |
| --- | --- | --- |
${switches.join('\n')}

${sections.join('\n\n')}
`
}

const mark = (trust: string, source: string | null): string => (source ? `[${trust}](${source})` : trust)
