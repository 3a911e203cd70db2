import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createServiceTokenSource } from '@countersign/service-tokens'
import { expectMostWithin } from '@countersign/testing'
import {
  basic,
  makeClientKey,
  post,
  postForm,
  register,
  send,
  signIn,
  unverifiedClaims
} from '@countersign/testing/trio'
import {
  type AccessTokenVerifier,
  createAccessTokenVerifier,
  issuerRevocations,
  type RevocationOptions
} from '@countersign/verifier'
import { exportPKCS8 } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { blocksOf } from '../package/fixtures/pages.ts'

/** A verifier of a service that nothing but the issuer's address was given to. */
function verifierOf(issuer: string, audience: string, revocations: RevocationOptions): AccessTokenVerifier {
  const verifier = createAccessTokenVerifier({ issuer, audience, revocations })
  onTestFinished(() => verifier.close())
  return verifier
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error: { code: string }) => error.code
  )

/** How long after the logout's response the token is still accepted, in milliseconds. */
async function rejectionDelay(verifier: AccessTokenVerifier, issuer: string): Promise<number> {
  const { access_token: token } = await signIn(issuer, await register(issuer))
  await verifier.verify(token)
  expect((await post(`${issuer}/auth/logout`, undefined, token)).status).toBe(204)
  const endedAt = performance.now()
  while ((await codeOf(verifier.verify(token))) === 'accepted') await delay(1)
  expect(await codeOf(verifier.verify(token))).toBe('ERR_TOKEN_REVOKED')
  return performance.now() - endedAt
}

describe('the revocation feed over HTTP, for registered services', () => {
  let fixture: Fixture
  beforeAll(async () => {
    fixture = await startFixture({ env: { REVOCATION_FEED_STREAMS: '3' } })
  })
  afterAll(() => fixture?.stop())

  const feedUrl = (query = '?nonce=n1') => `${fixture.issuer}/revocations/feed${query}`
  async function tokenOfClient(scope: string): Promise<string> {
    const client = await fixture.newClient({
      scopes: ['revocations:read', 'jobs:read'],
      audiences: [fixture.issuer]
    })
    const form = { grant_type: 'client_credentials', scope }
    const headers = basic(client.client_id, client.client_secret)
    return (await postForm<{ access_token: string }>(`${fixture.issuer}/oauth/token`, form, headers)).body.access_token
  }
  const sourceOf = (token: string) => ({ getToken: async () => token })
  async function open(token: string, headers: Record<string, string> = {}) {
    const abort = new AbortController()
    onTestFinished(() => abort.abort())
    const response = await fetch(feedUrl(), {
      headers: { Authorization: `Bearer ${token}`, ...headers },
      signal: abort.signal
    })
    return { response, reader: response.body?.getReader(), abort }
  }
  type Opened = Awaited<ReturnType<typeof open>>
  async function readUntil({ reader }: Opened, pattern: RegExp): Promise<string> {
    let text = ''
    while (!pattern.test(text)) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
      if (done) throw new Error(`ended after ${text}`)
      text += Buffer.from(value).toString()
    }
    return text
  }

  test('a verifier that knows the address of the issuer alone rejects a token within 100 ms after its logout', async () => {
    const metadata = await send<Record<string, string>>(`${fixture.issuer}/.well-known/openid-configuration`, {})
    expect(metadata.body.revocation_feed_endpoint).toBe(`${fixture.issuer}/revocations/feed`)
    const token = sourceOf(await tokenOfClient('revocations:read'))
    const verifier = verifierOf(fixture.issuer, fixture.audience, issuerRevocations({ token }))
    await verifier.ready()
    // The first one makes connections and warms up.
    await rejectionDelay(verifier, fixture.issuer)
    await expectMostWithin(100, () => rejectionDelay(verifier, fixture.issuer))
    expect(verifier.status().revocations).toMatchObject({ isCurrent: true, isLoaded: true })
  })

  test('the sample of docs/revocation-feeds.md gets its token by itself', async () => {
    const key = await makeClientKey()
    const client = await fixture.newClient({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.publicJwk] },
      scopes: ['revocations:read'],
      audiences: [fixture.issuer]
    })
    const folder = await mkdtemp(join(fileURLToPath(new URL('../../dev/dist/', import.meta.url)), 'feed-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'key.pem'), await exportPKCS8(key.privateKey as never))
    const [sample] = blocksOf('docs/revocation-feeds.md').filter(({ language }) => language === 'js')
    const program = (sample?.code ?? '')
      .replaceAll('https://auth.example.com', fixture.issuer)
      .replace('https://reports.example.com', fixture.audience)
      .replace("'reports'", `'${client.client_id}'`)
      .replace('reports.pem', join(folder, 'key.pem'))
    await writeFile(join(folder, 'verifier.mjs'), program)
    const { verifier } = (await import(pathToFileURL(join(folder, 'verifier.mjs')).href)) as {
      verifier: AccessTokenVerifier
    }
    onTestFinished(() => verifier.close())
    await verifier.ready()
    await rejectionDelay(verifier, fixture.issuer)
  })

  test('without a token, or with one that lacks the scope, the view never loads and says why', async () => {
    const warnings: unknown[] = []
    const logger = { info: (fields: object) => void warnings.push(fields), warn: () => {} }
    const jobs = sourceOf(await tokenOfClient('jobs:read'))
    for (const [options, reason] of [
      [{}, /status 401: the issuer asks for a token/],
      [{ token: jobs }, /status 403: the token needs the scope revocations:read/]
    ] as const) {
      const revocations = issuerRevocations(options)
      const verifier = createAccessTokenVerifier({ ...fixture, revocations, logger })
      await expect.poll(() => JSON.stringify(warnings)).toMatch(reason)
      expect(verifier.status().revocations?.isLoaded).toBe(false)
      await verifier.close()
    }
  })

  test('a token that is refused is invalidated, and the next one is used', async () => {
    const good = await tokenOfClient('revocations:read')
    const tokens = [`${good.slice(0, -20)}${'A'.repeat(20)}`, good]
    const token = { getToken: async () => tokens[0] as string, invalidate: () => void tokens.shift() }
    const verifier = verifierOf(fixture.issuer, fixture.audience, issuerRevocations({ token }))
    await verifier.ready()
    expect(tokens).toEqual([good])
  })

  test('a stream has headers that keep proxies from holding it back, and begins with the nonce', async () => {
    const stream = await open(await tokenOfClient('revocations:read'))
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      'content-type': expect.stringMatching(/^text\/event-stream/),
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no'
    })
    const text = await readUntil(stream, /event: current/)
    expect(text).toMatch(/^event: hello\ndata: \{"nonce":"n1","reading":\d/)
  })

  test('what this replica commits is sent before it is read again', async () => {
    const { access_token: token } = await signIn(fixture.issuer, await register(fixture.issuer))
    const { sid } = unverifiedClaims(token)
    const stream = await open(await tokenOfClient('revocations:read'))
    await readUntil(stream, /event: current/)
    await post(`${fixture.issuer}/auth/logout`, undefined, token)
    // What is read has the age of its transaction.
    await readUntil(stream, new RegExp(`"value":"${sid}","exp":\\d+,"age":0\\}`))
  })

  test('one stream more than the configuration allows, or than half for one client, gets 503, and a place is free when one ends', async () => {
    const token = await tokenOfClient('revocations:read')
    const other = await tokenOfClient('revocations:read')
    const streams = [await open(token), await open(token)]
    // More than half of them would leave none for others.
    expect((await open(token)).response.status).toBe(503)
    expect((await open(other)).response.status).toBe(200)
    const { response } = await open(other)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).not.toBeNull()
    streams[0]?.abort.abort()
    await expect.poll(async () => (await open(other)).response.status).toBe(200)
  })

  test('a nonce that is missing, doubled or too long is 400', async () => {
    const headers = { Authorization: `Bearer ${await tokenOfClient('revocations:read')}` }
    for (const query of ['', '?nonce=', '?nonce=a&nonce=b', `?nonce=${'a'.repeat(65)}`, '?nonce=%00']) {
      expect((await send(feedUrl(query), { headers })).status, query).toBe(400)
    }
  })

  test('a source of tokens that fails leaves the view not loaded', async () => {
    const source = createServiceTokenSource({
      issuer: fixture.issuer,
      clientId: 'nobody',
      privateKey: await exportPKCS8((await makeClientKey()).privateKey as never),
      scope: 'revocations:read',
      resource: fixture.issuer
    })
    onTestFinished(() => source.close())
    const verifier = verifierOf(fixture.issuer, fixture.audience, issuerRevocations({ token: source }))
    await delay(500)
    expect(verifier.status().revocations?.isLoaded).toBe(false)
  })
})
