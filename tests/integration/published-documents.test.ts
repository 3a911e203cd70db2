import { createHash } from 'node:crypto'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { audience, get, issuer, query, send, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

describe('published documents', () => {
  let database: TestDatabase
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    // Without an address of the pages there are no passkeys.
    const env = { PAGES_URL: 'https://pages.example.com' }
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  test('JWKS shows only the public members of each key, and may be cached', async () => {
    const response = await get<{ keys: object[] }>(`${trio.auth.url}/.well-known/jwks.json`)
    expect(response.status).toBe(200)
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=300, stale-while-revalidate=60')
    // The key that signs, and the one that will.
    expect(response.body.keys).toHaveLength(2)
    for (const key of response.body.keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
      expect(key).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', e: 'AQAB' })
    }
  })

  test('JWKS has an entity tag, and returns 304 to a client that has it', async () => {
    const url = `${trio.auth.url}/.well-known/jwks.json`
    const etag = (await get(url)).headers.get('ETag') as string
    const again = await send(url, { headers: { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' } })
    expect(again).toMatchObject({ status: 304, body: '' })
    expect((await send(url, { headers: { 'If-None-Match': '"another"' } })).status).toBe(200)
  })

  test('the private half of the key is sealed in the database', async () => {
    const [key] = await query<{ sealed_private_jwk: string; public_jwk: object }>(
      database.url,
      'SELECT * FROM signing_keys'
    )
    const header = Buffer.from(key?.sealed_private_jwk.split('.')[0] as string, 'base64url').toString()
    expect(JSON.parse(header)).toMatchObject({ alg: 'dir', enc: 'A256GCM' })
    expect(JSON.stringify(key)).not.toMatch(/"(d|p|q|dp|dq|qi)":/)
  })

  test.each(['oauth-authorization-server', 'openid-configuration'])(
    '%s tells what is built and no more',
    async (name) => {
      const response = await get(`${trio.auth.url}/.well-known/${name}`)
      expect(response).toMatchObject({
        status: 200,
        body: { issuer, jwks_uri: `${issuer}/.well-known/jwks.json`, response_types_supported: ['code'] }
      })
      expect(response.body).not.toHaveProperty('registration_endpoint')
      for (const [member, url] of Object.entries(response.body)) {
        if (!member.endsWith('_endpoint') && member !== 'jwks_uri') continue
        const here = String(url).replace(issuer, trio.auth.url)
        const { status } = await send(here, {
          method: ['jwks_uri', 'revocation_feed_endpoint', 'authorization_endpoint'].includes(member) ? 'GET' : 'POST'
        })
        expect({ member, known: ![404, 405].includes(status) }).toEqual({ member, known: true })
      }
    }
  )

  test('without PAGES_URL no app can sign users in, and the metadata does not offer it', async () => {
    const service = await trio.startAuth({ PAGES_URL: '' })
    const { body } = await get(`${service.url}/.well-known/openid-configuration`)
    expect(body).toMatchObject({ response_types_supported: [] })
    expect(body).not.toHaveProperty('authorization_endpoint')
    expect(body.grant_types_supported).not.toContain('authorization_code')
    expect((await send(`${service.url}/oauth/authorize?client_id=countersign`, {})).status).toBe(404)
    await service.stop()
  })

  test('the resource-service says which issuer it trusts (RFC 9728)', async () => {
    expect(await get(`${trio.resource.url}/.well-known/oauth-protected-resource`)).toMatchObject({
      status: 200,
      body: { resource: audience, authorization_servers: [issuer] }
    })
  })

  test('OpenAPI describes every route that is there, and none that is not', async () => {
    const { body } = await get<{
      openapi: string
      paths: Record<string, Record<string, { responses: object }>>
      components: { schemas: Record<string, object> }
    }>(`${trio.auth.url}/openapi.json`)
    expect(body.openapi).toBe('3.1.0')
    const described = Object.entries(body.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => ({ path, method }))
    )
    expect(described.length).toBeGreaterThan(10)
    for (const { path, method } of described) {
      const url = trio.auth.url + path.replace('{id}', '00000000-0000-4000-8000-000000000000')
      const { status, body: response } = await send<{ error_description?: string }>(url, {
        method: method.toUpperCase()
      })
      // Only a path without a route says this.
      const known = status !== 405 && response?.error_description !== 'There is nothing here.'
      expect({ path, method, known }).toEqual({ path, method, known: true })
      expect(body.paths[path]?.[method]?.responses).toHaveProperty(String(status))
    }
    expect(body.paths['/auth/login']?.post).toMatchObject({
      requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Login' } } } }
    })
    expect(body.components.schemas.Login).toMatchObject({
      required: ['username', 'password'],
      additionalProperties: false
    })
  })

  test('the API page names every route of OpenAPI, under a policy that lets it load nothing and run no script', async () => {
    const { status, headers, body } = await send<string>(`${trio.auth.url}/docs`, {})
    expect(status).toBe(200)
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Cache-Control')).toBe('no-cache')
    const style = /<style>(.*?)<\/style>/s.exec(body)?.[1] as string
    const digest = createHash('sha256').update(style).digest('base64')
    expect(headers.get('Content-Security-Policy')).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
    )
    expect(body).not.toMatch(/<script|\b(?:src|href)="(?:\w+:|\/\/)|url\(/)
    const openapi = await get<{ paths: object }>(`${trio.auth.url}/openapi.json`)
    for (const path of Object.keys(openapi.body.paths)) expect(body).toContain(`<code>${path}</code></h3>`)
  })

  test('the API page has an entity tag, and responds 304 to a request that names it', async () => {
    const url = `${trio.auth.url}/docs`
    const etag = (await send(url, {})).headers.get('ETag') as string
    expect(await send(url, { headers: { 'If-None-Match': etag } })).toMatchObject({ status: 304, body: '' })
  })

  test('health says live and ready, and metrics are there for Prometheus', async () => {
    for (const { url: publicUrl, managementUrl: url } of [trio.auth, trio.resource]) {
      await get(`${publicUrl}/nowhere`)
      expect(await get(`${url}/health/live`)).toMatchObject({ status: 200, body: { status: 'ok' } })
      expect(await get(`${url}/health/ready`)).toMatchObject({ status: 200, body: { status: 'ok' } })
      const metrics = await get<string>(`${url}/metrics`)
      expect(metrics.body).toMatch(/http_request_duration_seconds_bucket\{.*route="unmatched"/)
    }
  })
})
