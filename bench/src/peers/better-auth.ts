/** better-auth as a peer: its OAuth provider plugin behind its handler for node:http. */
import { createHash, randomBytes } from 'node:crypto'
import { oauthProvider } from '@better-auth/oauth-provider'
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import pg from 'pg'
import {
  accessTokenTtlSeconds,
  type IssuerOptions,
  type IssuerPeer,
  refreshTokenTtlSeconds,
  resource,
  scope
} from './issuer-peer.ts'
import { packageVersions } from './package-versions.ts'
import { listen, peerOptions, reportReady } from './peer-process.ts'

const options = peerOptions<IssuerOptions & { algorithm: 'RS256' | 'EdDSA' }>()
const issuer = 'http://issuer.test'
const redirectUri = 'http://127.0.0.1/callback'
const scopes = ['offline_access', scope]
// Filled below: better-auth makes the identifiers of clients itself.
const cachedTrustedClients = new Set<string>()

const settings = {
  baseURL: issuer,
  secret: randomBytes(32).toString('base64url'),
  database: new pg.Pool({ connectionString: options.databaseUrl, max: options.databaseConnections }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  disabledPaths: ['/token'],
  plugins: [
    jwt({
      jwks: {
        keyPairConfig: options.algorithm === 'RS256' ? { alg: 'RS256', modulusLength: 2048 } : { alg: 'EdDSA' }
      }
    }),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      scopes,
      resources: [resource],
      cachedResources: new Set([resource]),
      // One query less at each refresh than by default, which requires a link of each client to each resource.
      enforcePerClientResources: false,
      cachedTrustedClients,
      accessTokenExpiresIn: accessTokenTtlSeconds,
      refreshTokenExpiresIn: refreshTokenTtlSeconds,
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true }
    }) as unknown as BetterAuthPlugin // its types do not hold under exactOptionalPropertyTypes
  ]
} satisfies BetterAuthOptions

await (await getMigrations(settings)).runMigrations()
const auth = betterAuth(settings)

interface ClientApi {
  adminCreateOAuthClient(call: { headers: Headers; body: Record<string, unknown> }): Promise<{ client_id: string }>
}
const { client_id: clientId } = await (auth.api as unknown as ClientApi).adminCreateOAuthClient({
  headers: new Headers({ Cookie: await signUp('owner') }),
  body: {
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    skip_consent: true,
    scope: scopes.join(' ')
  }
})
cachedTrustedClients.add(clientId)

async function signUp(name: string): Promise<string> {
  const signedUp = await call('/sign-up/email', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: `${name}@example.test`, name, password: randomBytes(12).toString('base64url') })
  })
  const lines = signedUp.headers.getSetCookie()
  return lines.map((line) => line.split(';')[0]).join('; ')
}

/** A user, signed in by the authorization code flow. */
async function startSession(number: number): Promise<string> {
  const cookie = await signUp(`user-${number}`)
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    resource,
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256'
  })
  const authorized = await call(`/oauth2/authorize?${query}`, { headers: { Cookie: cookie } })
  const location = authorized.headers.get('Location') ?? ((await authorized.json()) as { url?: string }).url
  const code = location && new URL(location).searchParams.get('code')
  if (!code) throw new Error(`better-auth gave no code: ${authorized.status} ${location}`)
  const tokens = await call('/oauth2/token', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      resource
    }).toString()
  })
  return ((await tokens.json()) as { refresh_token: string }).refresh_token
}

async function call(path: string, init: RequestInit): Promise<Response> {
  const response = await auth.handler(new Request(`${issuer}/api/auth${path}`, init))
  if (response.status >= 400)
    throw new Error(`better-auth responded to ${path} with ${response.status}: ${await response.text()}`)
  return response
}

const refreshTokens: string[] = []
for (let i = 0; i < options.sessions; i++) refreshTokens.push(await startSession(i))
await settings.database.query('VACUUM ANALYZE')

reportReady({
  url: await listen(toNodeHandler(auth)),
  jwksPath: '/api/auth/jwks',
  algorithm: options.algorithm,
  refresh: {
    path: '/api/auth/oauth2/token',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `grant_type=refresh_token&client_id=${clientId}&resource=${encodeURIComponent(resource)}&refresh_token={refresh_token}`
  },
  refreshTokens,
  setting: {
    contestant: `better-auth, ${options.algorithm}`,
    versions: packageVersions('better-auth', '@better-auth/oauth-provider', 'kysely', 'pg'),
    options:
      `@better-auth/oauth-provider with the jwt plugin (${options.algorithm}) behind toNodeHandler on node:http; its
      own migrations and its Kysely adapter on a pg pool of ${options.databaseConnections}; public client without consent, in
      cachedTrustedClients, and its resource in cachedResources, as its documents advise for speed; enforcePerClientResources off (a query less); refresh tokens hashed and
      private key encrypted (defaults); rate limit and telemetry off; no openid scope, so no ID token`.replace(
        /\s+/g,
        ' '
      ),
    checks: 'the refresh token, its client, resource and user'
  }
} satisfies IssuerPeer)
