import type { Client, Installation } from '../../api/types.ts'
import { say } from '../../texts/say.ts'
import { isSignInKind, kindOf, type SignInKind } from './client-kinds.ts'
import { hasSecret } from './client-terms.ts'
import { bffSnippet, snippets } from './setup-snippets.ts'
import { signInSnippets } from './sign-in-snippets.ts'

/** What a program needs to begin with. */
export interface SetupFiles {
  env: string
  snippet: string
}

/** The `.env` and the code for a client; `undefined` for one that gets no token. */
export function setupFilesOf(
  client: Client,
  { issuer, first_api }: Installation,
  secret = say('admin.clients.secretPlace')
): SetupFiles | undefined {
  const kind = kindOf(client)
  if (!kind) return undefined
  if (isSignInKind(kind)) return signInFilesOf(kind, client, issuer, secret)
  const bySecret = hasSecret(client.token_endpoint_auth_method)
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
      ...credentialOf(client, secret),
      ...target
    }),
    snippet: snippets[kind](bySecret, scopes.length > 0)
  }
}

function credentialOf({ client_id, token_endpoint_auth_method: method }: Client, secret: string) {
  return hasSecret(method) ? { CLIENT_SECRET: secret } : { CLIENT_KEY_FILE: `${client_id}.pem` }
}

/** The settings of a client to which users sign in. Only a server has a credential. */
function signInFilesOf(kind: SignInKind, client: Client, issuer: string, secret: string): SetupFiles {
  const { client_id, scopes, audiences, redirect_uris, token_endpoint_auth_method: method } = client
  const [resource] = audiences
  const identity = kind === 'web' ? ['openid', 'profile', 'email'] : ['openid', 'profile', 'email', 'offline_access']
  const settings = {
    ISSUER: issuer,
    CLIENT_ID: client_id,
    ...(kind === 'web' && credentialOf(client, secret)),
    REDIRECT_URI: redirect_uris[0],
    SCOPE: [...identity, ...scopes].join(' '),
    RESOURCE: resource
  }
  // Vite hands only these on to the pages.
  const prefix = kind === 'spa' ? 'VITE_' : ''
  return {
    env: envText(Object.fromEntries(Object.entries(settings).map(([name, value]) => [prefix + name, value]))),
    snippet: signInSnippets[kind]({ method, hasResource: resource !== undefined, isHttp: issuer.startsWith('http:') })
  }
}

/** The `.env` of a bff-service, and the code of a page behind it. */
export function bffFilesOf({ issuer, first_api }: Installation): SetupFiles {
  return {
    env: envText({
      PUBLIC_URL: 'https://app.example.com',
      AUTH_URL: issuer,
      API_URL: first_api,
      REDIS_URL: 'redis://localhost:6379'
    }),
    snippet: bffSnippet
  }
}

/** One variable a line, in quotes where a space or a `#` would end the value. */
function envText(variables: Record<string, string | undefined>): string {
  return Object.entries(variables)
    .filter(([, value]) => value)
    .map(([name, value = '']) => `${name}=${/^[\w:/.@%+=,~-]+$/.test(value) ? value : `"${value}"`}\n`)
    .join('')
}
