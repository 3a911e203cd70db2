import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAuthorizingBrowser, queryOf } from '@countersign/testing/trio'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Adapter, type AdapterPayload, type Configuration, errors } from 'oidc-provider'
import { api, clients, otherApi } from './requests.ts'

const accountId = 'ada'
export const secretOf = (clientId: string) => `the-secret-of-${clientId}-0123456789abcdef`

/** The Provider of oidc-provider with the clients and rules of this issuer. `X-Consented` says that the user has allowed everything. */
export async function startCertifiedIssuer(): Promise<{ issuer: string; cookies: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => handle(request, response))
  let handle: ReturnType<Provider['callback']>
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const configuration: Configuration = {
    adapter: newAdapter(),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'signing' }] },
    // A form of another site brings no cookie that is Lax; its URL is http, where no browser would take SameSite=None.
    cookies: { keys: [randomUUID()], long: { sameSite: 'none' } },
    enableHttpPostMethods: true,
    clients: clients.map(({ id, method, type, redirectUri }) => ({
      client_id: id,
      ...(method !== 'none' && { client_secret: secretOf(id) }),
      token_endpoint_auth_method: method,
      application_type: type,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code']
    })),
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
    allowOmittingSingleRegisteredRedirectUri: false,
    pkce: { required: (_ctx, { clientId }) => clients.find(({ id }) => id === clientId)?.requiresPkce ?? true },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    async loadExistingGrant(ctx) {
      const clientId = ctx.oidc.client?.clientId as string
      const given = ctx.oidc.result?.consent?.grantId ?? (ctx.get('X-Consented') !== '' && (await allow(clientId)))
      return given ? provider.Grant.find(given) : new provider.Grant({ accountId, clientId })
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, indicator) => {
          if (indicator !== api) throw new errors.InvalidTarget()
          return { scope: 'things:read', audience: indicator, accessTokenFormat: 'jwt' }
        }
      }
    },
    interactions: { url: (_ctx, { uid, prompt }) => `/interaction/${uid}?prompt=${prompt.name}` },
    renderError(ctx, { error }) {
      ctx.type = 'text'
      ctx.body = error
    }
  }
  const provider = new Provider(issuer, configuration)
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    const { prompt, params } = await provider.interactionDetails(ctx.req, ctx.res)
    const clientId = params.client_id as string
    const result = prompt.name === 'login' ? { login: { accountId } } : { consent: { grantId: await allow(clientId) } }
    await provider.interactionFinished(ctx.req, ctx.res, result)
    ctx.respond = false
  })
  handle = provider.callback()
  async function allow(clientId: string): Promise<string> {
    const grant = new provider.Grant({ accountId, clientId })
    grant.addOIDCScope('openid offline_access profile email')
    for (const indicator of [api, otherApi]) grant.addResourceScope(indicator, 'things:read')
    return grant.save()
  }
  return {
    issuer,
    cookies: await signIn(issuer),
    async stop() {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** A user signs in. @returns the cookies of the browser */
async function signIn(issuer: string): Promise<string> {
  const browser = createAuthorizingBrowser(issuer)
  const query = queryOf({
    client_id: 'old-web',
    redirect_uri: 'https://app.example.com/callback',
    response_type: 'code',
    scope: 'openid'
  })
  let url = `${issuer}/auth?${query}`
  for (let hop = 0; url.startsWith(issuer); hop++) {
    if (hop > 5) throw new Error(`the browser did not come back: ${url}`)
    const { headers } = await browser.open(url, { headers: { 'X-Consented': 'yes' } })
    url = new URL(headers.get('Location') ?? '', url).href
  }
  return [...browser.cookies]
    .filter(([name]) => name.startsWith('_session'))
    .map((pair) => pair.join('='))
    .join('; ')
}

/** Keeps everything: the adapter of oidc-provider itself keeps the newest thousand. */
function newAdapter(): (name: string) => Adapter {
  const rows = new Map<string, AdapterPayload>()
  return (name) => ({
    upsert: async (id, payload) => void rows.set(`${name} ${id}`, payload),
    find: async (id) => rows.get(`${name} ${id}`),
    findByUid: async (uid) => [...rows.values()].find((row) => row.uid === uid),
    findByUserCode: async () => undefined,
    consume: async (id) =>
      void Object.assign(rows.get(`${name} ${id}`) ?? {}, { consumed: Math.floor(Date.now() / 1000) }),
    destroy: async (id) => void rows.delete(`${name} ${id}`),
    revokeByGrantId: async (grantId) => {
      for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key)
    }
  })
}
