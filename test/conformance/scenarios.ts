// What a person would have been given beforehand in a scenario, as options of `tokentray add`; secrets go by file.
// Everything else about a scenario the product finds out by itself.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `context` is MCP_CONFORMANCE_CONTEXT; files are written to `folder`. */
export function optionsFor(scenario: string, context: Record<string, string>, folder: string): string[] {
  const file = (name: string): string => {
    const path = join(folder, name)
    writeFileSync(path, context[name] ?? '', { mode: 0o600 })
    return path
  }
  const client = () => ['--client-id', context.client_id ?? '', '--client-secret-file', file('client_secret')]
  switch (scenario) {
    case 'auth/pre-registration':
      return client()
    case 'auth/client-credentials-basic':
      return ['--client-credentials', ...client()]
    case 'auth/client-credentials-jwt':
      return [
        '--client-credentials',
        '--client-id',
        context.client_id ?? '',
        '--client-key-file',
        file('private_key_pem')
      ]
    case 'auth/wif-jwt-bearer':
      return ['--client-id', context.client_id ?? '', '--assertion-file', file('valid_jwt')]
    case 'auth/enterprise-managed-authorization':
      return [
        ...client(),
        '--assertion-command',
        `'${process.execPath}' -p 'require("node:fs").readFileSync("${file('idp_id_token')}", "utf8")'`,
        '--identity-provider',
        context.idp_token_endpoint ?? '',
        '--identity-provider-client',
        context.idp_client_id ?? ''
      ]
    default:
      return []
  }
}
