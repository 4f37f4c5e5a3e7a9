// Facts about well-known providers: where they depart from the standards, and how long their tokens live; each with its source.
// Data only: a fact is shown or proposed to a person, never applied. Other servers are treated by the standards.
import type { Proposal } from '../contract/proposal.ts'

export type Known = {
  says: string
  /** The change to propose; absent: none is needed, or only the person knows its value. */
  change?: Proposal['change']
  trust: 'verified' | 'cited' | 'unverified'
  source: string | null
}

const cited = (says: string, source: string, change?: Proposal['change']): Known =>
  change ? { says, change, trust: 'cited', source } : { says, trust: 'cited', source }
const unverified = (says: string): Known => ({ says, trust: 'unverified', source: null })

/** By the provider's id. */
export const providerQuirks: Readonly<Record<string, readonly Known[]>> = {
  github: [
    cited(
      'The token endpoint answers 200 with an `error` in it; Tokentray reads it as the error that it is.',
      'https://docs.github.com/en/enterprise-server@3.10/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors'
    ),
    cited(
      'Tokens of GitHub Apps last 8 hours and their refresh tokens 6 months; a refresh token is good once.',
      'https://docs.github.com/en/developers/apps/refreshing-user-to-server-access-tokens'
    )
  ],
  google: [
    cited(
      'Its MCP servers name the issuer https://accounts.google.com/, whose metadata says it without the slash.',
      'https://github.com/modelcontextprotocol/go-sdk/issues/953',
      { quirks: { acceptIssuerSlash: true } }
    ),
    cited(
      'A refresh token comes only with access_type=offline, and after the first time only with prompt=consent.',
      'https://usefulangle.com/post/51/google-refresh-token-common-questions',
      { params: { access_type: 'offline', prompt: 'consent' } }
    ),
    cited(
      'While the consent screen of a client of your own is in “testing”, refresh tokens end after about 7 days.',
      'https://openillumi.com/en/en-google-ads-api-invalid-grant-refresh-token-fix'
    )
  ],
  entra: [
    cited(
      'The v2.0 endpoints refuse the resource parameter (AADSTS901002, AADSTS9010010): the scope names the API instead.',
      'https://github.com/modelcontextprotocol/csharp-sdk/issues/741',
      { quirks: { omitResource: true } }
    ),
    cited(
      'PKCE is supported, but its metadata does not say so.',
      'https://github.com/modelcontextprotocol/typescript-sdk/issues/832',
      { quirks: { allowMissingPkceMetadata: true } }
    ),
    cited(
      'Refresh tokens last 90 days, 24 hours where the redirect address is registered as a single-page application.',
      'https://learn.microsoft.com/en-nz/entra/identity-platform/refresh-tokens'
    )
  ],
  auth0: [
    cited(
      'Without an audience, or the tenant’s resource parameter compatibility profile, the token is not one for an API: --param audience=IDENTIFIER.',
      'https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile'
    ),
    cited(
      'Each tenant sets how long refresh tokens last, unused and at most.',
      'https://auth0.com/docs/tokens/refresh-tokens/configure-refresh-token-expiration'
    )
  ],
  okta: [
    cited(
      'Refresh tokens of the org authorization server last 90 days, which refreshing does not move; custom ones set their own.',
      'https://support.okta.com/help/s/article/refresh-token-expiration-behavior?language=en_US'
    )
  ],
  keycloak: [
    cited(
      'The resource parameter is experimental and otherwise ignored: the audience comes from the realm’s client scopes.',
      'https://keycloak.org/securing-apps/mcp-authz-server'
    )
  ],
  cognito: [
    cited(
      'PKCE is supported, but its metadata does not say so.',
      'https://github.com/anthropics/claude-code/issues/13275',
      { quirks: { allowMissingPkceMetadata: true } }
    ),
    cited(
      'Refresh tokens last 30 days from the sign-in, unless the app client says otherwise.',
      'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html'
    )
  ],
  atlassian: [
    cited(
      'Organisations with a list of allowed domains take 127.0.0.1 as the redirect host, not localhost.',
      'https://github.com/anthropics/claude-code/issues/86233',
      { redirectHost: '127.0.0.1' }
    ),
    cited(
      'Tokens last an hour; refresh tokens are good once, for 90 days unused and 365 days at most.',
      'https://community.developer.atlassian.com/t/refresh-token-expire-after-36000-seconds/60806/2'
    ),
    unverified('A client of your own (3LO) needs --param audience=api.atlassian.com, and the scope offline_access.')
  ],
  slack: [
    cited(
      'With token rotation tokens last 12 hours and a refresh token is good once; without it the token never ends.',
      'https://docs.slack.dev/authentication/using-token-rotation'
    ),
    unverified('The token endpoint answers 200 with an `error` in it; Tokentray reads it as the error that it is.')
  ],
  linear: [
    cited(
      'Applications made since October 2025 always get refresh tokens.',
      'https://linear.app/developers/oauth-2-0-authentication'
    )
  ],
  notion: [
    cited(
      'Refresh tokens are good once: who refreshes the same grant elsewhere ends it here.',
      'https://nango.dev/blog/notion-oauth-refresh-token-invalid-grant'
    )
  ],
  sentry: [
    cited(
      'Its MCP server is an authorization server of its own, apart from sentry.io’s.',
      'https://glama.ai/mcp/servers/@getsentry/sentry-mcp/blob/dc452f03f303e13eee52d08b6c3732758fce6e5e/docs/cloudflare/oauth-architecture.md'
    )
  ],
  hubspot: [
    cited(
      'Tokens last 30 minutes.',
      'https://developers.hubspot.com/changelog/upcoming-expiration-of-oauth-access-tokens-is-changing'
    )
  ],
  salesforce: [
    cited(
      'External client apps take localhost as the redirect host over http, not 127.0.0.1.',
      'https://github.com/anthropics/claude-code/issues/86233',
      { redirectHost: 'localhost' }
    )
  ],
  cloudflare: [
    cited(
      'Servers on its OAuth library take the previous refresh token until the next one is used; unless set otherwise a sign-in lasts 30 days, which refreshing does not move.',
      'https://github.com/cloudflare/workers-oauth-provider/blob/main/docs/authorization-server.md'
    )
  ],
  stripe: [
    cited(
      'Refresh tokens are good once: each refresh gives a new one.',
      'https://nango.dev/blog/stripe-oauth-refresh-token-invalid-grant'
    )
  ],
  asana: [
    cited(
      'Its MCP server registers no clients: it takes an MCP app of your own alone.',
      'https://developers.asana.com/docs/connecting-mcp-clients-to-asanas-v2-server'
    )
  ],
  gitlab: [
    cited(
      'Tokens last 2 hours, unless the instance says otherwise.',
      'https://gitlab.com/gitlab-org/gitlab-vscode-extension/-/issues/561'
    ),
    cited(
      'A client that registered itself gets the scope mcp and no other.',
      'https://gitlab.com/gitlab-org/gitlab/-/merge_requests/198566'
    )
  ],
  dropbox: [
    cited(
      'A refresh token comes only with token_access_type=offline; tokens are short-lived without it.',
      'https://dropbox.tech/developers/using-oauth-2-0-with-offline-access',
      { params: { token_access_type: 'offline' } }
    )
  ],
  box: [
    cited(
      'Tokens last 60 minutes; a refresh token is good once, for 60 days.',
      'https://developer.box.com/guides/api-calls/permissions-and-errors/expiration/'
    ),
    cited(
      'Its MCP server takes a client of your own, made by an admin or a developer.',
      'https://github.com/box/mcp-server-box-remote/'
    )
  ],
  figma: [
    cited(
      'Its remote MCP server registers only clients of its own catalog; others are answered 403.',
      'https://github.com/punkpeye/mcp-remote/issues/186'
    )
  ],
  intercom: [
    cited(
      'Tokens do not end and cannot be refreshed: they last until access is revoked.',
      'https://community.intercom.com/apps-integrations-25/clarification-needed-on-intercom-oauth-access-token-and-refresh-token-for-multitenant-apps-11092'
    )
  ],
  square: [
    cited(
      'Tokens last 30 days; the reply tells their end as a date (expires_at), which Tokentray reads.',
      'https://developer.squareup.com/reference/square/objects/ObtainTokenResponse'
    ),
    cited(
      'Redirect addresses must be https; http with localhost is for its sandbox.',
      'https://developer.squareup.com/docs/oauth-api/overview'
    )
  ],
  supabase: [
    cited(
      'Supabase Auth, with which projects sign in their own users, knows no resource parameter.',
      'https://gofastmcp.com/v3/integrations/supabase'
    )
  ],
  vercel: [cited('Its MCP server lets in only clients on a list of its own.', 'https://botlington.com/audits/vercel')],
  zoom: [
    cited(
      'Tokens last an hour; each refresh gives a new refresh token and ends the old one.',
      'https://raw.githubusercontent.com/anthropics/knowledge-work-plugins/main/partner-built/zoom-plugin/skills/oauth/concepts/token-lifecycle.md'
    )
  ]
}
