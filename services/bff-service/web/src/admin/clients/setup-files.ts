import type { Client, Installation } from '../../api/types.ts'
import { kindOf } from './client-kinds.ts'
import { snippets, webSnippet } from './setup-snippets.ts'

/** What a program needs to begin with. */
export interface SetupFiles {
  env: string
  snippet: string
}

/** The `.env` and the code for a client; `undefined` for one that gets no token. */
export function setupFilesOf(
  client: Client,
  { issuer, first_api }: Installation,
  secret = 'put the secret here'
): SetupFiles | undefined {
  const kind = kindOf(client)
  if (!kind) return undefined
  const hasSecret = client.token_endpoint_auth_method === 'client_secret_basic'
  const [rule] = client.exchange_rules
  const scopes = rule && kind === 'acting' ? rule.scopes : client.scopes
  const target =
    kind === 'api'
      ? { AUDIENCE: client.resources[0] ?? first_api }
      : { RESOURCE: (kind === 'acting' && rule?.to) || client.audiences[0], SCOPE: scopes.join(' ') }
  return {
    env: envText({
      ISSUER: issuer,
      CLIENT_ID: client.client_id,
      ...(hasSecret ? { CLIENT_SECRET: secret } : { CLIENT_KEY_FILE: `${client.client_id}.pem` }),
      ...target
    }),
    snippet: snippets[kind](hasSecret, scopes.length > 0)
  }
}

/** The `.env` of a bff-service, and the code of a page behind it. */
export function webAppFilesOf({ issuer, first_api }: Installation): SetupFiles {
  return {
    env: envText({
      PUBLIC_URL: 'https://app.example.com',
      AUTH_URL: issuer,
      API_URL: first_api,
      REDIS_URL: 'redis://localhost:6379'
    }),
    snippet: webSnippet
  }
}

/** One variable a line, in quotes where a space or a `#` would end the value. */
function envText(variables: Record<string, string | undefined>): string {
  return Object.entries(variables)
    .filter(([, value]) => value)
    .map(([name, value = '']) => `${name}=${/^[\w:/.@%+=,~-]+$/.test(value) ? value : `"${value}"`}\n`)
    .join('')
}
