// Steps to create an OAuth client of one's own at identity providers, where users of many services sign in.
// Data only; provider.ts explains the fields.
import type { Provider } from './provider.ts'

export const identityProviders: readonly Provider[] = [
  {
    id: 'google',
    name: 'Google',
    hosts: ['google.com', 'googleapis.com'],
    endpointHosts: ['accounts.google.com', 'oauth2.googleapis.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'In the Google Cloud console, choose a project, then APIs & Services → Credentials → Create credentials → OAuth client ID.',
      'Choose “Desktop app”, which needs no redirect URI. For “Web application”, enter the redirect URI below under “Authorized redirect URIs”.',
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
    endpointHosts: ['login.microsoftonline.com', 'sts.windows.net'],
    redirectHost: 'localhost',
    steps: [
      'In the Microsoft Entra admin center, open App registrations → New registration.',
      'Under Authentication → Add a platform, choose “Mobile and desktop applications” and enter the redirect URI below (with localhost).',
      'Copy “Application (client) ID” from the overview. A desktop application needs no secret.'
    ],
    trust: 'cited',
    page: 'https://learn.microsoft.com/entra/identity-platform/scenario-desktop-app-registration'
  },
  {
    id: 'auth0',
    name: 'Auth0',
    hosts: ['auth0.com'],
    redirectHost: '127.0.0.1',
    steps: [
      'In the Auth0 dashboard, open Applications → Create Application and choose “Native”.',
      'In its Settings, enter the redirect URI below under “Allowed Callback URLs” and save.',
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
      'In the Okta admin console, open Applications → Create App Integration, choose “OIDC” and “Native Application”.',
      'Allow the grant types Authorization Code and Refresh Token, and enter the redirect URI below under “Sign-in redirect URIs”.',
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
      'In the admin console, choose the realm, then Clients → Create client, type “OpenID Connect”.',
      'Keep the standard flow on, and enter the redirect URI below under “Valid redirect URIs”.',
      'The client ID is the one you chose. If client authentication is on, copy the secret from the Credentials tab.'
    ],
    trust: 'cited',
    page: 'https://developer.hashicorp.com/vault/docs/v1.16.x/auth/jwt/oidc-providers/keycloak'
  },
  {
    id: 'cognito',
    name: 'Amazon Cognito',
    hosts: ['amazoncognito.com', 'cognito-idp.*.amazonaws.com'],
    endpointHosts: ['amazoncognito.com', 'cognito-idp.*.amazonaws.com'],
    redirectHost: 'localhost',
    steps: [
      'In the Cognito console, choose the user pool and create an app client, type “Public client”.',
      'Enter the redirect URI below as callback URL (http is accepted for localhost only) and allow the authorization code grant.',
      'Copy the client ID.'
    ],
    trust: 'cited',
    page: 'https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-app-idp-settings.html'
  },
  {
    id: 'salesforce',
    name: 'Salesforce',
    hosts: ['salesforce.com', 'force.com'],
    redirectHost: 'localhost',
    steps: [
      'In Setup, find External Client App Manager and choose New External Client App.',
      'Under API, select “Enable OAuth”, enter the redirect URI below as callback URL, and add the scopes, including “refresh_token”.',
      'Copy the consumer key and the consumer secret. They are the client ID and the client secret.'
    ],
    trust: 'cited',
    page: 'https://developer.salesforce.com/docs/ai/loan-agent/guide/create-external-client-app.html'
  }
]
