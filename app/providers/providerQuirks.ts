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
      'The token endpoint reports errors with HTTP 200; Tokentray recognizes them.',
      'https://docs.github.com/en/enterprise-server@3.10/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors'
    ),
    cited(
      'Tokens of GitHub Apps last 8 hours and their refresh tokens 6 months; each refresh token can be used once.',
      'https://docs.github.com/en/developers/apps/refreshing-user-to-server-access-tokens'
    )
  ],
  google: [
    cited(
      'Its MCP servers name the issuer https://accounts.google.com/, but the metadata names it without the slash.',
      'https://github.com/modelcontextprotocol/go-sdk/issues/953',
      { quirks: { acceptIssuerSlash: true } }
    ),
    cited(
      'Google issues a refresh token only with access_type=offline, and after the first time only with prompt=consent.',
      'https://usefulangle.com/post/51/google-refresh-token-common-questions',
      { params: { access_type: 'offline', prompt: 'consent' } }
    ),
    cited(
      'While the consent screen of your own client is in “testing”, refresh tokens expire after about 7 days.',
      'https://openillumi.com/en/en-google-ads-api-invalid-grant-refresh-token-fix'
    )
  ],
  entra: [
    cited(
      'The v2.0 endpoints reject the resource parameter (AADSTS901002, AADSTS9010010). The scope names the API instead.',
      'https://github.com/modelcontextprotocol/csharp-sdk/issues/741',
      { quirks: { omitResource: true } }
    ),
    cited(
      'PKCE is supported, but the metadata does not list it.',
      'https://github.com/modelcontextprotocol/typescript-sdk/issues/832',
      { quirks: { allowMissingPkceMetadata: true } }
    ),
    cited(
      'Refresh tokens last 90 days, or 24 hours if the redirect URI is registered as a single-page application.',
      'https://learn.microsoft.com/en-nz/entra/identity-platform/refresh-tokens'
    )
  ],
  auth0: [
    cited(
      'Without an audience (--param audience=IDENTIFIER) or the tenant’s resource parameter compatibility profile, the token is not valid for an API.',
      'https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile'
    ),
    cited(
      'Each tenant sets the idle and maximum lifetime of refresh tokens.',
      'https://auth0.com/docs/tokens/refresh-tokens/configure-refresh-token-expiration'
    )
  ],
  okta: [
    cited(
      'Refresh tokens of the org authorization server last 90 days, which refreshing does not extend. Custom authorization servers set their own lifetime.',
      'https://support.okta.com/help/s/article/refresh-token-expiration-behavior?language=en_US'
    )
  ],
  keycloak: [
    cited(
      'The resource parameter is experimental and otherwise ignored. The audience comes from the realm’s client scopes.',
      'https://keycloak.org/securing-apps/mcp-authz-server'
    )
  ],
  cognito: [
    cited(
      'PKCE is supported, but the metadata does not list it.',
      'https://github.com/anthropics/claude-code/issues/13275',
      { quirks: { allowMissingPkceMetadata: true } }
    ),
    cited(
      'Refresh tokens last 30 days from sign-in, unless the app client is configured otherwise.',
      'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html'
    )
  ],
  atlassian: [
    cited(
      'Organizations with a list of allowed domains accept 127.0.0.1 as the redirect host, not localhost.',
      'https://github.com/anthropics/claude-code/issues/86233',
      { redirectHost: '127.0.0.1' }
    ),
    cited(
      'Tokens last an hour. Each refresh token can be used once, and expires after 90 days unused and 365 days in total.',
      'https://community.developer.atlassian.com/t/refresh-token-expire-after-36000-seconds/60806/2'
    ),
    unverified('Your own client (3LO) needs --param audience=api.atlassian.com and the scope offline_access.')
  ],
  slack: [
    cited(
      'With token rotation, tokens last 12 hours and each refresh token can be used once. Without it, tokens never expire.',
      'https://docs.slack.dev/authentication/using-token-rotation'
    ),
    unverified('The token endpoint reports errors with HTTP 200; Tokentray recognizes them.')
  ],
  linear: [
    cited(
      'Applications created since October 2025 always get refresh tokens.',
      'https://linear.app/developers/oauth-2-0-authentication'
    )
  ],
  notion: [
    cited(
      'Each refresh token can be used once. Refreshing the same grant elsewhere ends it here.',
      'https://nango.dev/blog/notion-oauth-refresh-token-invalid-grant'
    )
  ],
  sentry: [
    cited(
      'Its MCP server has its own authorization server, separate from sentry.io’s.',
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
      'External client apps accept localhost as the redirect host over http, not 127.0.0.1.',
      'https://github.com/anthropics/claude-code/issues/86233',
      { redirectHost: 'localhost' }
    )
  ],
  cloudflare: [
    cited(
      'Servers built on its OAuth library accept the previous refresh token until the next one is used. By default, a sign-in lasts 30 days, which refreshing does not extend.',
      'https://github.com/cloudflare/workers-oauth-provider/blob/main/docs/authorization-server.md'
    )
  ],
  stripe: [
    cited(
      'Each refresh token can be used once. Each refresh issues a new one.',
      'https://nango.dev/blog/stripe-oauth-refresh-token-invalid-grant'
    )
  ],
  asana: [
    cited(
      'Its MCP server does not register clients. Use your own MCP app.',
      'https://developers.asana.com/docs/connecting-mcp-clients-to-asanas-v2-server'
    )
  ],
  gitlab: [
    cited(
      'Tokens last 2 hours, unless the instance is configured otherwise.',
      'https://gitlab.com/gitlab-org/gitlab-vscode-extension/-/issues/561'
    ),
    cited(
      'Automatically registered clients get only the scope mcp.',
      'https://gitlab.com/gitlab-org/gitlab/-/merge_requests/198566'
    )
  ],
  dropbox: [
    cited(
      'Dropbox issues a refresh token only with token_access_type=offline. Access tokens are short-lived.',
      'https://dropbox.tech/developers/using-oauth-2-0-with-offline-access',
      { params: { token_access_type: 'offline' } }
    )
  ],
  box: [
    cited(
      'Tokens last 60 minutes. Each refresh token can be used once, within 60 days.',
      'https://developer.box.com/guides/api-calls/permissions-and-errors/expiration/'
    ),
    cited(
      'Its MCP server requires your own client, created by an admin or a developer.',
      'https://github.com/box/mcp-server-box-remote/'
    )
  ],
  figma: [
    cited(
      'Its remote MCP server registers only clients from its own catalog and answers others with HTTP 403.',
      'https://github.com/punkpeye/mcp-remote/issues/186'
    )
  ],
  intercom: [
    cited(
      'Tokens do not expire and cannot be refreshed. They last until access is revoked.',
      'https://community.intercom.com/apps-integrations-25/clarification-needed-on-intercom-oauth-access-token-and-refresh-token-for-multitenant-apps-11092'
    )
  ],
  square: [
    cited(
      'Tokens last 30 days. The reply states their expiry as a date (expires_at), which Tokentray reads.',
      'https://developer.squareup.com/reference/square/objects/ObtainTokenResponse'
    ),
    cited(
      'Redirect URIs must use https. Only the sandbox accepts http with localhost.',
      'https://developer.squareup.com/docs/oauth-api/overview'
    )
  ],
  supabase: [
    cited(
      'Supabase Auth, which projects use to sign in their own users, does not support the resource parameter.',
      'https://gofastmcp.com/v3/integrations/supabase'
    )
  ],
  vercel: [cited('Its MCP server accepts only clients on its own list.', 'https://botlington.com/audits/vercel')],
  zoom: [
    cited(
      'Tokens last an hour. Each refresh issues a new refresh token and invalidates the old one.',
      'https://raw.githubusercontent.com/anthropics/knowledge-work-plugins/main/partner-built/zoom-plugin/skills/oauth/concepts/token-lifecycle.md'
    )
  ]
}
