// Steps for making one's own OAuth client at providers that are often met, as data for every door.
// Names of menus change: each entry says whether its steps were tried (`verified`), read on the page named (`cited`), or neither.

export type Provider = {
  id: string
  name: string
  /** Hosts of its MCP and authorization servers; their subdomains count too. Empty: it runs under its customers' names. */
  hosts: readonly string[]
  /** Hosts of its issuers, where much else lives under `hosts`: only there is it sure that its ways are to be expected. */
  issuerHosts?: readonly string[]
  /** How the path of its issuers begins, where its hosts are its customers'. */
  issuerPath?: string
  /** Which loopback host the provider is known to take as a redirect address. */
  redirectHost: '127.0.0.1' | 'localhost'
  steps: readonly string[]
  trust: 'verified' | 'cited' | 'unverified'
  /** The page the steps were read on. */
  page: string | null
}

export const providers: readonly Provider[] = [
  {
    id: 'github',
    name: 'GitHub',
    hosts: ['github.com', 'githubcopilot.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'On GitHub open Settings → Developer settings → OAuth apps → New OAuth app.',
      'Give any name and homepage, and enter the redirect address below as “Authorization callback URL”. An OAuth app has only one.',
      'Choose “Register application”, copy the client ID, then generate a client secret and copy it.'
    ],
    trust: 'cited',
    page: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/creating-an-oauth-app'
  },
  {
    id: 'google',
    name: 'Google',
    hosts: ['google.com', 'googleapis.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'In the Google Cloud console choose a project, then APIs & Services → Credentials → Create credentials → OAuth client ID.',
      'Choose “Desktop app”: it needs no redirect address. For “Web application”, enter the address below under “Authorized redirect URIs”.',
      'Copy the client ID and the client secret. The consent screen must be set up once per project.'
    ],
    trust: 'cited',
    page: 'https://support.google.com/cloud/answer/6158849'
  },
  {
    id: 'entra',
    name: 'Microsoft Entra',
    hosts: ['microsoft.com', 'microsoftonline.com', 'office.com', 'azure.com'],
    issuerHosts: [
      'login.microsoftonline.com',
      'login.microsoftonline.us',
      'login.partner.microsoftonline.cn',
      'sts.windows.net',
      'ciamlogin.com'
    ],
    redirectHost: 'localhost',
    steps: [
      'In the Microsoft Entra admin center open App registrations → New registration.',
      'Under Authentication → Add a platform choose “Mobile and desktop applications” and enter the redirect address below (with localhost).',
      'Copy “Application (client) ID” from the overview. A desktop application needs no secret.'
    ],
    trust: 'cited',
    page: 'https://learn.microsoft.com/entra/identity-platform/scenario-desktop-app-registration'
  },
  {
    id: 'atlassian',
    name: 'Atlassian',
    hosts: ['atlassian.com', 'atlassian.net'],
    redirectHost: '127.0.0.1',
    steps: [
      'On developer.atlassian.com open the developer console from your profile picture, and create or choose an app.',
      'Under Authorization → OAuth 2.0 (3LO) → Configure, enter the redirect address below as callback URL and save. Under Permissions add the APIs you need.',
      'Copy client ID and secret from Settings.'
    ],
    trust: 'cited',
    page: 'https://developer.atlassian.com/cloud/oauth/getting-started/enabling-oauth-3lo/'
  },
  {
    id: 'slack',
    name: 'Slack',
    hosts: ['slack.com'],
    redirectHost: 'localhost',
    steps: [
      'On api.slack.com/apps create an app for your workspace.',
      'Under OAuth & Permissions → Redirect URLs add the redirect address below, and the scopes you need.',
      'Copy client ID and client secret from Basic Information.'
    ],
    trust: 'cited',
    page: 'https://docs.slack.dev/tools/node-slack-sdk/oauth'
  },
  {
    id: 'linear',
    name: 'Linear',
    hosts: ['linear.app'],
    redirectHost: '127.0.0.1',
    steps: [
      'Linear’s own MCP server registers Tokentray by itself; a client of your own is seldom needed.',
      'Otherwise open linear.app/settings/api/applications/new, and enter the redirect address below under “Callback URLs”.',
      'Create it, then copy client ID and client secret.'
    ],
    trust: 'cited',
    page: 'https://linear.app/developers/oauth-app-manifests'
  },
  {
    id: 'notion',
    name: 'Notion',
    hosts: ['notion.com', 'notion.so'],
    redirectHost: 'localhost',
    steps: [
      'Notion’s own MCP server registers Tokentray by itself; a client of your own is seldom needed.',
      'Otherwise open My integrations → New integration, choose “Public”, and enter the redirect address below under “Redirect URIs”.',
      'Copy OAuth client ID and client secret from the configuration.'
    ],
    trust: 'cited',
    page: 'https://nango.dev/docs/api-integrations/notion/how-to-register-your-own-notion-oauth-app'
  },
  {
    id: 'sentry',
    name: 'Sentry',
    hosts: ['sentry.io', 'sentry.dev'],
    redirectHost: '127.0.0.1',
    steps: [
      'Sentry’s own MCP server registers Tokentray by itself; a client of your own is seldom needed.',
      'Otherwise open Settings → Account → API → Applications → Create New Application.',
      'Enter the redirect address below under “Authorized Redirect URIs”, then copy the client ID and the client secret.'
    ],
    trust: 'cited',
    page: 'https://developers.frontegg.com/agen-for-work/connectors/marketplace/sentry'
  },
  {
    id: 'hubspot',
    name: 'HubSpot',
    hosts: ['hubspot.com', 'hubapi.com'],
    redirectHost: 'localhost',
    steps: [
      'In your HubSpot developer account create an app.',
      'On its Auth page enter the redirect address below under “Redirect URL”, and choose the scopes you need.',
      'Copy client ID and client secret from the same page.'
    ],
    trust: 'cited',
    page: 'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth'
  },
  {
    id: 'salesforce',
    name: 'Salesforce',
    hosts: ['salesforce.com', 'force.com'],
    redirectHost: 'localhost',
    steps: [
      'In Setup find External Client App Manager and choose New External Client App.',
      'Under API select “Enable OAuth”, enter the redirect address below as callback URL, and add the scopes, “refresh_token” among them.',
      'Copy consumer key and consumer secret: they are the client id and the client secret.'
    ],
    trust: 'cited',
    page: 'https://developer.salesforce.com/docs/ai/loan-agent/guide/create-external-client-app.html'
  },
  {
    id: 'auth0',
    name: 'Auth0',
    hosts: ['auth0.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'In the Auth0 dashboard open Applications → Create Application and choose “Native”.',
      'In its Settings enter the redirect address below under “Allowed Callback URLs” and save.',
      'Copy the client ID. A native application needs no secret.'
    ],
    trust: 'cited',
    page: 'https://auth0.com/docs/get-started/dashboard/application-settings'
  },
  {
    id: 'okta',
    name: 'Okta',
    hosts: ['okta.com', 'oktapreview.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'In the Okta admin console open Applications → Create App Integration, choose “OIDC” and “Native Application”.',
      'Allow the grant types Authorization Code and Refresh Token, and enter the redirect address below under “Sign-in redirect URIs”.',
      'Copy the client ID, and assign yourself to the application.'
    ],
    trust: 'cited',
    page: 'https://help.okta.com/en-us/Content/Topics/Apps/apps_app_integration_wizard_oidc.htm'
  },
  {
    id: 'keycloak',
    name: 'Keycloak',
    hosts: [],
    issuerPath: '/realms/',
    redirectHost: '127.0.0.1',
    steps: [
      'In the admin console choose the realm, then Clients → Create client, type “OpenID Connect”.',
      'Keep the standard flow on, and enter the redirect address below under “Valid redirect URIs”.',
      'The client ID is the one you chose. With client authentication on, copy the secret from the Credentials tab.'
    ],
    trust: 'cited',
    page: 'https://developer.hashicorp.com/vault/docs/v1.16.x/auth/jwt/oidc-providers/keycloak'
  },
  {
    id: 'cognito',
    name: 'Amazon Cognito',
    hosts: ['amazoncognito.com', 'cognito-idp.*.amazonaws.com'],
    redirectHost: 'localhost',
    steps: [
      'In the Cognito console choose the user pool and create an app client, type “Public client”.',
      'Enter the redirect address below as callback URL (http is taken for localhost only) and allow the authorization code grant.',
      'Copy the client ID.'
    ],
    trust: 'cited',
    page: 'https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-app-idp-settings.html'
  },
  {
    id: 'cloudflare',
    name: 'Cloudflare',
    hosts: ['cloudflare.com'],
    redirectHost: 'localhost',
    steps: [
      'Cloudflare’s own MCP servers register Tokentray by themselves; a client of your own is seldom needed.',
      'Otherwise choose your account in the dashboard, then Manage Account → OAuth clients → Create client.',
      'Enter the redirect address below, choose the scopes, and copy client ID and client secret.'
    ],
    trust: 'cited',
    page: 'https://better-auth.com/docs/authentication/cloudflare'
  },
  {
    id: 'stripe',
    name: 'Stripe',
    hosts: ['stripe.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'Stripe’s MCP server registers Tokentray by itself: choose “Sign in in the browser” instead.',
      'Without a browser, make a restricted API key in the Stripe dashboard and add it as a static token.'
    ],
    trust: 'cited',
    page: 'https://docs.stripe.com/mcp'
  }
]

/** The provider whose host `host` is or lies under; null where none is known. A label `*` stands for any one label. */
export function providerOf(host: string): Provider | null {
  return providers.find(({ hosts }) => isUnder(host, hosts)) ?? null
}

function isUnder(host: string, known: readonly string[]): boolean {
  const labels = host.toLowerCase().replace(/:\d+$/, '').split('.').reverse()
  return known.some((one) =>
    one
      .split('.')
      .reverse()
      .every((label, at) => labels[at] !== undefined && (label === '*' || label === labels[at]))
  )
}

/**
 * The provider whose needs may be proposed at a URL, an MCP server's or an issuer's: by its host, narrowly, else by how
 * its issuers look.
 */
export function providerAt(url: string): Provider | null {
  const [, host = '', path = ''] = /^https?:\/\/(?:[^/?#]*@)?([^/?#]*)([^?#]*)/i.exec(url) ?? []
  const byHost = providers.find(({ hosts, issuerHosts = hosts }) => isUnder(host, issuerHosts))
  return byHost ?? providers.find(({ issuerPath }) => issuerPath && path.startsWith(issuerPath)) ?? null
}
