// Steps to create an OAuth client of one's own at services that sign in their users themselves.
// Data only; provider.ts explains the fields.
import type { Provider } from './provider.ts'

export const serviceProviders: readonly Provider[] = [
  {
    id: 'github',
    name: 'GitHub',
    hosts: ['github.com', 'githubcopilot.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'On GitHub, open Settings → Developer settings → OAuth apps → New OAuth app.',
      'Give any name and homepage, and enter the redirect URI below as “Authorization callback URL”. An OAuth app can have only one.',
      'Choose “Register application”, copy the client ID, then generate a client secret and copy it.'
    ],
    trust: 'cited',
    page: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/creating-an-oauth-app'
  },
  {
    id: 'atlassian',
    name: 'Atlassian',
    hosts: ['atlassian.com', 'atlassian.net'],
    redirectHost: '127.0.0.1',
    steps: [
      'On developer.atlassian.com, open the developer console from your profile picture, and create or choose an app.',
      'Under Authorization → OAuth 2.0 (3LO) → Configure, enter the redirect URI below as callback URL and save. Under Permissions, add the APIs you need.',
      'Copy the client ID and the secret from Settings.'
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
      'On api.slack.com/apps, create an app for your workspace.',
      'Under OAuth & Permissions → Redirect URLs, add the redirect URI below, and the scopes you need.',
      'Copy the client ID and the client secret from Basic Information.'
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
      'Linear’s own MCP server registers Tokentray automatically, so you rarely need your own client.',
      'Otherwise, open linear.app/settings/api/applications/new, and enter the redirect URI below under “Callback URLs”.',
      'Create it, then copy the client ID and the client secret.'
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
      'Notion’s own MCP server registers Tokentray automatically, so you rarely need your own client.',
      'Otherwise, open My integrations → New integration, choose “Public”, and enter the redirect URI below under “Redirect URIs”.',
      'Copy the OAuth client ID and client secret from the configuration.'
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
      'Sentry’s own MCP server registers Tokentray automatically, so you rarely need your own client.',
      'Otherwise, open Settings → Account → API → Applications → Create New Application.',
      'Enter the redirect URI below under “Authorized Redirect URIs”, then copy the client ID and the client secret.'
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
      'In your HubSpot developer account, create an app.',
      'On its Auth page, enter the redirect URI below under “Redirect URL”, and choose the scopes you need.',
      'Copy the client ID and the client secret from the same page.'
    ],
    trust: 'cited',
    page: 'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth'
  },
  {
    id: 'cloudflare',
    name: 'Cloudflare',
    hosts: ['cloudflare.com'],
    redirectHost: 'localhost',
    steps: [
      'Cloudflare’s own MCP servers register Tokentray automatically, so you rarely need your own client.',
      'Otherwise, choose your account in the dashboard, then Manage Account → OAuth clients → Create client.',
      'Enter the redirect URI below, choose the scopes, and copy the client ID and the client secret.'
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
      'Stripe’s MCP server registers Tokentray automatically. Choose “Sign in with the browser” instead.',
      'Without a browser, create a restricted API key in the Stripe dashboard and add it as a static token.'
    ],
    trust: 'cited',
    page: 'https://docs.stripe.com/mcp'
  },
  {
    id: 'asana',
    name: 'Asana',
    hosts: ['asana.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'In Asana’s developer console, choose “Create new app”, give it a name, and choose “MCP app” as its type.',
      'Copy the client ID and the client secret. Under OAuth in the sidebar, add the redirect URI below.',
      'Under “Manage distribution”, choose the workspaces that can use it.'
    ],
    trust: 'cited',
    page: 'https://nango.dev/docs/api-integrations/asana-mcp/how-to-register-your-own-asana-mcp-oauth-app'
  },
  {
    id: 'gitlab',
    name: 'GitLab',
    hosts: ['gitlab.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'GitLab’s own MCP server registers Tokentray automatically, so you rarely need your own client.',
      'Otherwise, open Edit profile → Applications → New application, enter the redirect URI below exactly, and choose the scopes.',
      'Save it, and copy the application ID and the secret now. The secret is shown only once.'
    ],
    trust: 'cited',
    page: 'https://docs.caylex.ai/oauth-guides/gitlab'
  },
  {
    id: 'dropbox',
    name: 'Dropbox',
    hosts: ['dropbox.com', 'dropboxapi.com'],
    endpointHosts: ['www.dropbox.com', 'api.dropbox.com', 'api.dropboxapi.com'],
    redirectHost: 'localhost',
    steps: [
      'In the Dropbox App Console, choose “Create app”, “Scoped access”, and the access it needs.',
      'In its settings, add the redirect URI below, and under Permissions the scopes you need.',
      'Copy the app key and the app secret. They are the client ID and the client secret.'
    ],
    trust: 'cited',
    page: 'https://nango.dev/docs/api-integrations/dropbox/how-to-register-your-own-dropbox-api-oauth-app'
  },
  {
    id: 'box',
    name: 'Box',
    hosts: ['box.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'Ask an admin to enable the Box MCP server under the integrations in the Admin Console. Its credentials are the client ID and the client secret.',
      'Or create your own OAuth app in the Developer Console, and enter the redirect URI below.'
    ],
    trust: 'cited',
    page: 'https://github.com/box/mcp-server-box-remote/'
  },
  {
    id: 'figma',
    name: 'Figma',
    hosts: ['figma.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'Figma’s remote MCP server accepts only clients from its own catalog. Other clients cannot register, and your own client does not help.',
      'Use the local MCP server of Figma’s desktop app instead.'
    ],
    trust: 'cited',
    page: 'https://github.com/nicobailon/pi-mcp-adapter/issues/49'
  },
  {
    id: 'intercom',
    name: 'Intercom',
    hosts: ['intercom.com', 'intercom.io'],
    redirectHost: 'localhost',
    steps: [
      'In Intercom’s Developer Hub, choose Your apps → New app, and the workspace.',
      'Under Configure → Authentication, choose Edit, check “Use OAuth”, and add the redirect URI below with the permissions you need.',
      'Copy the client ID and the client secret from Basic Information.'
    ],
    trust: 'cited',
    page: 'https://nango.dev/docs/api-integrations/intercom/how-to-register-your-own-intercom-api-oauth-app'
  },
  {
    id: 'square',
    name: 'Square',
    hosts: ['squareup.com'],
    redirectHost: 'localhost',
    steps: [
      'In Square’s Developer Console, open an application, then OAuth, and enter the redirect URI below.',
      'Copy the application ID and the application secret.'
    ],
    trust: 'unverified',
    page: null
  },
  {
    id: 'supabase',
    name: 'Supabase',
    hosts: ['supabase.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'Supabase’s own MCP server registers Tokentray automatically, so you rarely need your own client.',
      'Otherwise, open your organization’s settings → OAuth Apps → Add application, and enter the redirect URI below.',
      'Confirm, then copy the client ID and the client secret.'
    ],
    trust: 'cited',
    page: 'https://supabase.com/docs/guides/integrations/build-a-supabase-integration'
  },
  {
    id: 'vercel',
    name: 'Vercel',
    hosts: ['vercel.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'Vercel’s MCP server accepts only clients approved by Vercel. Sign-ins from other clients may be rejected.',
      'Otherwise, add a token of your account as a static token.'
    ],
    trust: 'unverified',
    page: null
  },
  {
    id: 'zoom',
    name: 'Zoom',
    hosts: ['zoom.us'],
    redirectHost: '127.0.0.1',
    steps: [
      'In the Zoom App Marketplace, choose Develop → Build App → General App.',
      'Enter the redirect URI below under OAuth, and the scopes you need.',
      'Copy the client ID and the client secret.'
    ],
    trust: 'unverified',
    page: null
  }
]
