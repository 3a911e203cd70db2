import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { get, post, signIn, startTrio, type Trio, unverifiedClaims } from '@countersign/testing/trio'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const redirectUri = 'https://pages.example.com/bff/providers/certified/callback'

/** oidc-provider, certified by the OpenID Foundation. It asks nothing, signs in who the test says, and signs with ES256. */
describe.skipIf(!inject('docker'))('sign-in with oidc-provider', () => {
  let database: TestDatabase
  let trio: Trio
  let server: Server
  let issuer: string
  let account: { accountId: string; email: string }

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      resourceReplicas: 0,
      env: { PAGES_URL: 'https://pages.example.com' }
    })
    server = createServer((request, response) => handle(request, response))
    let handle: ReturnType<Provider['callback']>
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    issuer = `http://localhost:${(server.address() as AddressInfo).port}`
    const secret = randomBytes(32).toString('base64url')
    handle = (await newProvider(secret)).callback()
    const admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    const body = {
      id: 'certified',
      kind: 'oidc',
      name: 'Certified',
      issuer,
      client_id: 'our-client',
      client_secret: secret
    }
    const created = await post(`${trio.auth.url}/admin/providers`, body, admin)
    expect(created.status, JSON.stringify(created.body)).toBe(201)
  })
  afterAll(async () => {
    server?.close()
    await trio?.stop()
    await database?.drop()
  })

  async function newProvider(secret: string): Promise<Provider> {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const configuration: Configuration = {
      jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'signing' }] },
      cookies: { keys: [randomUUID()] },
      clients: [
        {
          client_id: 'our-client',
          client_secret: secret,
          redirect_uris: [redirectUri],
          id_token_signed_response_alg: 'ES256'
        }
      ],
      claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
      // Claims of a scope come from the UserInfo endpoint alone (OpenID Connect Core 1.0 §5.4).
      findAccount: (_ctx, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: account.email, email_verified: true, preferred_username: id })
      }),
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` }
    }
    const provider = new Provider(issuer, configuration)
    provider.use(async (ctx, next) => {
      if (!ctx.path.startsWith('/interaction/')) return next()
      const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res)
      const grant = new provider.Grant({
        accountId: session?.accountId as string,
        clientId: params.client_id as string
      })
      grant.addOIDCScope('openid profile email')
      const result =
        prompt.name === 'login'
          ? { login: { accountId: account.accountId } }
          : { consent: { grantId: await grant.save() } }
      await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true })
      ctx.respond = false
    })
    return provider
  }

  /** A browser that keeps cookies, up to the redirect URI. */
  async function visit(authorizationUrl: string): Promise<Record<string, string>> {
    const cookies = new Map<string, string>()
    let url = authorizationUrl
    for (let hop = 0; hop < 10; hop++) {
      const Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(url, { redirect: 'manual', headers: { Cookie } })
      for (const line of response.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';')[0] as string).split('=')
        cookies.set(name, value)
      }
      url = new URL(response.headers.get('Location') ?? '', url).href
      if (url.startsWith(redirectUri)) return Object.fromEntries(new URL(url).searchParams)
    }
    throw new Error(`the browser did not come back: ${url}`)
  }

  interface Started {
    authorization_url: string
    transaction: string
  }
  const start = async () => (await post<Started>(`${trio.auth.url}/auth/providers/certified/start`, {})).body
  const finish = (transaction: string, parameters: object) =>
    post<{ access_token: string; error?: string }>(`${trio.auth.url}/auth/providers/certified/finish`, {
      transaction,
      parameters
    })

  test('a user signs in, and is the same one the next time; the response names its issuer (RFC 9207)', async () => {
    account = { accountId: `ada-${randomUUID().slice(0, 8)}`, email: 'ada@example.com' }
    const { authorization_url, transaction } = await start()
    const parameters = await visit(authorization_url)
    expect(parameters.iss).toBe(issuer)
    const { status, body } = await finish(transaction, parameters)
    expect(status, JSON.stringify(body)).toBe(200)
    const me = await get(`${trio.auth.url}/auth/me`, body.access_token)
    expect(me.body).toMatchObject({ username: account.accountId, email: 'ada@example.com', email_verified: false })
    const again = await start()
    const other = await finish(again.transaction, await visit(again.authorization_url))
    expect(unverifiedClaims(other.body.access_token).sub).toBe(unverifiedClaims(body.access_token).sub)
  })

  test('a response without its issuer is refused, since this provider always names it', async () => {
    const { authorization_url, transaction } = await start()
    const { iss: _, ...parameters } = await visit(authorization_url)
    expect(await finish(transaction, parameters)).toMatchObject({
      status: 403,
      body: { error: 'invalid_provider_response' }
    })
  })

  test('a code of another sign-in is refused: PKCE and the nonce belong to one of them', async () => {
    const [one, other] = [await start(), await start()]
    const { code } = await visit(other.authorization_url)
    const parameters = { ...(await visit(one.authorization_url)), code }
    const refused = await finish(one.transaction, parameters)
    expect(refused).toMatchObject({ status: 403, body: { error: 'invalid_provider_response' } })
  })
})
