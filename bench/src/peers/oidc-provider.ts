/** oidc-provider as a peer: its own Koa application on node:http. */
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider'
import pg from 'pg'
import {
  accessTokenTtlSeconds,
  appsApi,
  authorizationQuery,
  exchangeBody,
  type IssuerOptions,
  type IssuerPeer,
  refreshTokenTtlSeconds,
  resource,
  scope,
  webClient
} from './issuer-peer.ts'
import { adapterSchema, createPostgresAdapter } from './oidc-provider-adapter.ts'
import { packageVersions } from './package-versions.ts'
import { listen, peerOptions, reportReady } from './peer-process.ts'

const options = peerOptions<IssuerOptions & { clientsInDatabase?: boolean }>()
const pool = new pg.Pool({ connectionString: options.databaseUrl, max: options.databaseConnections })
const adapter = createPostgresAdapter(pool)
await pool.query(adapterSchema)

const publicClient = 'application'
const serviceClient = { id: 'service', secret: randomUUID() }
const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true })

const clients: ClientMetadata[] = [
  {
    client_id: publicClient,
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['http://127.0.0.1/callback']
  },
  {
    client_id: webClient.id,
    client_secret: webClient.secret,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    redirect_uris: [webClient.redirectUri]
  },
  {
    client_id: serviceClient.id,
    client_secret: serviceClient.secret,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: []
  }
]
if (options.clientsInDatabase) {
  for (const client of clients) await adapter('Client').upsert(client.client_id, client, 0)
}

const configuration: Configuration = {
  adapter,
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'signing' }] },
  cookies: { keys: [randomUUID()] },
  scopes: ['openid', 'offline_access'],
  clients: options.clientsInDatabase ? [] : clients,
  // Costs nothing, where Countersign reads the user again at each refresh.
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  ttl: {
    AccessToken: accessTokenTtlSeconds,
    ClientCredentials: accessTokenTtlSeconds,
    Grant: refreshTokenTtlSeconds,
    RefreshToken: refreshTokenTtlSeconds
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, audience) => ({
        scope,
        audience,
        accessTokenTTL: accessTokenTtlSeconds,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } }
      })
    }
  }
}

// The issuer must be known before the port.
const provider = new Provider('http://issuer.test', configuration)
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next()
  const { prompt, session } = await provider.interactionDetails(ctx.req, ctx.res)
  const result =
    prompt.name === 'login'
      ? { login: { accountId: randomUUID() } }
      : { consent: { grantId: await newGrant(session?.accountId as string, webClient.id) } }
  await provider.interactionFinished(ctx.req, ctx.res, result)
  ctx.respond = false
})
const url = await listen(provider.callback())
const authorizePath = `/auth?${authorizationQuery(webClient.id)}`

function newGrant(accountId: string, clientId: string): Promise<string> {
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope('openid')
  for (const api of [resource, appsApi]) grant.addResourceScope(api, scope)
  return grant.save()
}

/** A user signs in and allows everything. @returns the cookies of the browser */
async function signInBrowser(): Promise<string> {
  const cookies = new Map<string, string>()
  let at = url + authorizePath
  for (let hop = 0; !at.startsWith(webClient.redirectUri); hop++) {
    if (hop > 8) throw new Error(`the browser did not come back: ${at}`)
    const Cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { Cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] as string).split('=')
      cookies.set(name, value)
    }
    // It names itself by its issuer, which is not where it listens.
    const { href } = new URL(response.headers.get('Location') ?? '', url)
    at = href.replace('http://issuer.test', url)
  }
  return [...cookies].flatMap(([name, value]) => (name.startsWith('_session') ? [`${name}=${value}`] : [])).join('; ')
}

async function startSession(): Promise<string> {
  const accountId = randomUUID()
  const client = await provider.Client.find(publicClient)
  if (!client) throw new Error('the client is missing')
  const refreshToken = new provider.RefreshToken({
    accountId,
    client,
    grantId: await newGrant(accountId, publicClient),
    gty: 'authorization_code',
    resource,
    scope,
    expiresWithSession: false
  } as ConstructorParameters<typeof provider.RefreshToken>[0])
  return refreshToken.save()
}

const refreshTokens: string[] = []
for (let i = 0; i < options.sessions; i++) refreshTokens.push(await startSession())
const browsers: string[] = []
for (let i = 0; i < (options.browsers ?? 0); i++) browsers.push(await signInBrowser())
await pool.query('VACUUM ANALYZE')

const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
reportReady({
  url,
  jwksPath: '/jwks',
  algorithm: 'RS256',
  refresh: {
    path: '/token',
    headers,
    body: `grant_type=refresh_token&client_id=${publicClient}&refresh_token={refresh_token}`
  },
  refreshTokens,
  clientCredentials: {
    path: '/token',
    headers: { ...headers, Authorization: basic(serviceClient.id, serviceClient.secret) },
    body: `grant_type=client_credentials&scope=${scope}`
  },
  codeSignIn: {
    authorizePath,
    exchange: {
      path: '/token',
      headers: { ...headers, Authorization: basic(webClient.id, webClient.secret) },
      body: exchangeBody
    },
    browsers
  },
  setting: {
    contestant: options.clientsInDatabase ? 'oidc-provider, clients in Postgres' : 'oidc-provider',
    versions: packageVersions('oidc-provider', 'koa', 'pg'),
    options:
      `its own Koa on node:http; RS256 (2048 bits) JWT access tokens by resourceIndicators; public client, for which
      the default rotateRefreshToken policy rotates at each use; clients in ${options.clientsInDatabase ? 'Postgres' : 'the configuration'}; adapter by its example with
      JSONB payloads, primary key, indexes on grant, uid and user code, and prepared statements; pg pool of
      ${options.databaseConnections}; an ID token for the scope openid alone; findAccount without a query`.replace(
        /\s+/g,
        ' '
      ),
    checks: 'the refresh token, its grant and client; not the user'
  }
} satisfies IssuerPeer)
