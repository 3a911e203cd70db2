import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import {
  createTestDatabase,
  createTestIssuer,
  createTestRedis,
  expectMostWithin,
  startTcpProxy,
  type TestDatabase,
  type TestIssuer
} from '@countersign/testing'
import {
  audience,
  type ClientKey,
  dpopProof,
  issuer as issuerUrl,
  makeClientKey,
  register,
  send,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import { redisDpopReplays } from '@countersign/verifier/redis'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { type DpopApi, startDpopApi } from './fixtures/dpop-api.ts'

const hasRedis = inject('redisUrl') !== undefined

interface ResourceResponse {
  readonly status: number
  readonly challenge: string | null
}

async function connectTo({ href }: URL) {
  const client = createClient({ url: href })
  await client.connect()
  return client
}

/** Presents a token with a proof under the scheme DPoP. */
async function present(
  url: string,
  accessToken: string,
  proof: string | undefined,
  method = 'GET'
): Promise<ResourceResponse> {
  const headers = { Authorization: `DPoP ${accessToken}`, ...(proof !== undefined && { DPoP: proof }) }
  const response = await fetch(url, { method, headers })
  await response.body?.cancel()
  return { status: response.status, challenge: response.headers.get('WWW-Authenticate') }
}

describe('an API that takes tokens bound to a key (DPoP, RFC 9449)', () => {
  let issuer: TestIssuer
  let key: ClientKey
  let thief: ClientKey
  let token: string
  const apis: DpopApi[] = []

  beforeAll(async () => {
    issuer = await createTestIssuer()
    key = await makeClientKey()
    thief = await makeClientKey()
    token = issuer.mint({ cnf: { jkt: key.publicJwk.kid } })
  })
  afterEach(async () => {
    await Promise.all(apis.splice(0).map((api) => api.close()))
  })

  const start = async (options: Omit<Parameters<typeof startDpopApi>[0], 'issuer'> = {}) => {
    const api = await startDpopApi({ issuer, ...options })
    apis.push(api)
    return api
  }

  test('accepts the holder of the key with a new proof each time, and nobody with an old one', async () => {
    const { url } = await start()
    for (const method of ['GET', 'POST', 'DELETE']) {
      const proof = await dpopProof(key, { method, url: `${url}/me`, accessToken: token })
      expect(await present(`${url}/me?page=1`, token, proof, method)).toMatchObject({ status: 200 })
      const again = await present(`${url}/me?page=1`, token, proof, method)
      expect(again.status).toBe(401)
      expect(again.challenge).toMatch(/^DPoP error="invalid_dpop_proof", .*algs="ES256 /)
    }
  })

  test.each(['ES384', 'Ed25519', 'RS256', 'PS256'])('takes a key for %s', async (algorithm) => {
    const { url } = await start()
    const own = await makeClientKey(algorithm)
    const accessToken = issuer.mint({ cnf: { jkt: own.publicJwk.kid } })
    const proof = await dpopProof(own, { method: 'GET', url: `${url}/me`, accessToken })
    expect(await present(`${url}/me`, accessToken, proof)).toMatchObject({ status: 200 })
  })

  test('is of no use to a thief of the token, of a proof, or of both', async () => {
    const { url } = await start()
    const proofOf = (signer: ClientKey, accessToken = token) =>
      dpopProof(signer, { method: 'GET', url: `${url}/me`, accessToken })
    const bearer = await fetch(`${url}/me`, { headers: { Authorization: `Bearer ${token}` } })
    expect(bearer.status).toBe(401)
    expect(bearer.headers.get('WWW-Authenticate')).toMatch(/^DPoP error="invalid_token"/)
    expect(await present(`${url}/me`, token, undefined)).toMatchObject({ status: 401 })
    expect(await present(`${url}/me`, token, await proofOf(thief))).toMatchObject({ status: 401 })
    const stolen = await proofOf(key)
    expect(await present(`${url}/other`, token, stolen)).toMatchObject({ status: 401 })
    expect(await present(`${url}/me`, token, stolen, 'POST')).toMatchObject({ status: 401 })
    const another = issuer.mint({ cnf: { jkt: key.publicJwk.kid } })
    expect(await present(`${url}/me`, another, stolen)).toMatchObject({ status: 401 })
    expect(await present(`${url}/me`, token, stolen)).toMatchObject({ status: 200 })
  })

  test('refuses a proof for another address, though the request claims to go there', async () => {
    const { url } = await start({ publicUrl: 'https://api.example.com' })
    const good = await dpopProof(key, { method: 'GET', url: 'https://api.example.com/me', accessToken: token })
    expect(await present(`${url}/me`, token, good)).toMatchObject({ status: 200 })
    const proof = await dpopProof(key, { method: 'GET', url: 'https://other.example.com/me', accessToken: token })
    const headers = { Host: 'other.example.com', Authorization: `DPoP ${token}`, DPoP: proof }
    const status = await new Promise((resolve, reject) => {
      httpRequest(`${url}/me`, { headers }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(401)
  })

  test('challenges a request without a token with both schemes, and one without the rights with its own', async () => {
    const { url } = await start()
    const bare = await fetch(`${url}/me`)
    expect(bare.status).toBe(401)
    expect(bare.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="api", DPoP algs="[A-Za-z0-9 ]+"$/)
    const proof = await dpopProof(key, { method: 'GET', url: `${url}/write`, accessToken: token })
    const lacking = await present(`${url}/write`, token, proof)
    expect(lacking.status).toBe(403)
    expect(lacking.challenge).toMatch(/^DPoP error="insufficient_scope", .*scope="write"/)
  })

  test('takes what oauth4webapi and openid-client send', async () => {
    const { url } = await start()
    const target = new URL(`${url}/me?page=1#top`)
    const own = await oauth.generateKeyPair('ES256')
    const forOauth = oauth.DPoP({}, own)
    const accessToken = issuer.mint({ cnf: { jkt: await forOauth.calculateThumbprint() } })
    for (let round = 0; round < 3; round++) {
      const options = { DPoP: forOauth, [oauth.allowInsecureRequests]: true }
      const response = await oauth.protectedResourceRequest(accessToken, 'POST', target, undefined, '{}', options)
      expect(response.status).toBe(200)
    }
    const config = new openid.Configuration({ issuer: issuer.issuer }, 'web')
    openid.allowInsecureRequests(config)
    const DPoP = openid.getDPoPHandle(config, own)
    const response = await openid.fetchProtectedResource(config, accessToken, target, 'GET', null, new Headers(), {
      DPoP
    })
    expect(response.status).toBe(200)
  })

  describe.skipIf(!hasRedis)('in several instances that share a Redis', () => {
    test('accepts a proof once among all replicas, even in parallel', async () => {
      const redisUrl = await createTestRedis()
      const publicUrl = 'https://api.example.com'
      const instances = await Promise.all(
        [1, 2, 3].map(() => start({ publicUrl, replays: redisDpopReplays({ url: redisUrl }) }))
      )
      for (let round = 0; round < 3; round++) {
        const proof = await dpopProof(key, { method: 'GET', url: `${publicUrl}/me`, accessToken: token })
        const responses = await Promise.all(
          Array.from({ length: 30 }, (_, at) => present(`${instances[at % 3]?.url}/me`, token, proof))
        )
        expect(responses.filter(({ status }) => status === 200)).toHaveLength(1)
        expect(responses.filter(({ status }) => status === 401)).toHaveLength(29)
      }
    })

    test('responds 503 within a second while Redis is unavailable, accepts bearer tokens, and recovers', async () => {
      const proxy = await startTcpProxy({ target: await createTestRedis() })
      const { url } = await start({ replays: redisDpopReplays({ url: proxy.url }) })
      const attempt = async () => {
        const proof = await dpopProof(key, { method: 'GET', url: `${url}/me`, accessToken: token })
        return present(`${url}/me`, token, proof)
      }
      expect(await attempt()).toMatchObject({ status: 200 })
      await expectMostWithin(1000, async () => {
        proxy.pause()
        const askedAt = performance.now()
        expect(await attempt()).toEqual({ status: 503, challenge: null })
        const took = performance.now() - askedAt
        expect((await fetch(`${url}/me`, { headers: { Authorization: `Bearer ${issuer.mint()}` } })).status).toBe(200)
        proxy.resume()
        await expect.poll(async () => (await attempt()).status, { timeout: 5000 }).toBe(200)
        return took
      })
      await proxy.close()
    })
  })
})

describe.skipIf(!hasRedis)('the rights in Redis that docs/revocation-feed.md gives', () => {
  const documentation = readFileSync(new URL('../../docs/revocation-feed.md', import.meta.url), 'utf8')
  const rules = [...documentation.matchAll(/^ACL SETUSER (\w+) on >SECRET (.*\+set)$/gm)]
  const denylistKeys = ['epoch', 'swept', 'length', 'revocations', 'revoked:sid:x'].map(
    (name) => `{countersign}:${name}`
  )

  test.each(rules.map(([, name, rule]) => [name, rule] as const))(
    'let the user %s note used proofs, and write nothing else',
    async (name, rule) => {
      const redisUrl = new URL(await createTestRedis())
      const admin = await connectTo(redisUrl)
      const username = `${name}-${process.pid}`
      await admin.sendCommand(['ACL', 'SETUSER', username, 'reset', 'on', '>secret', ...(rule as string).split(' ')])
      Object.assign(redisUrl, { username, password: 'secret' })
      const replays = redisDpopReplays({ url: redisUrl.href })
      const expiresAt = Date.now() / 1000 + 60
      expect(await replays.markUsed('x', expiresAt)).toBe(true)
      expect(await replays.markUsed('x', expiresAt)).toBe(false)
      await replays.close?.()

      const user = await connectTo(redisUrl)
      for (const key of [...denylistKeys, 'anything-else']) {
        await expect(user.set(key, '1'), key).rejects.toThrow(/^NOPERM/)
        await expect(user.set(key, '1', { condition: 'NX' }), key).rejects.toThrow(/^NOPERM/)
        await expect(user.del(key), key).rejects.toThrow(/^NOPERM/)
        expect(await admin.exists(key)).toBe(0)
      }
      if (name === 'verifier') await readDenylist(user)
      user.destroy()
      await admin.sendCommand(['ACL', 'DELUSER', username])
      admin.destroy()
    }
  )

  const readDenylist = async (user: Awaited<ReturnType<typeof connectTo>>) => {
    const keys = ['epoch', 'swept', 'revoked:jti:x', 'revoked:sid:x', 'revoked:kid:x'].map(
      (key) => `{countersign}:${key}`
    )
    expect(await user.mGet(keys)).toEqual(keys.map(() => null))
    expect(await user.xRead({ key: '{countersign}:revocations', id: '0-0' })).toBeNull()
    await expect(user.xInfoStream('{countersign}:revocations')).rejects.toThrow(/^ERR no such key/)
  }

  test('are found in the documentation', () => {
    expect(rules.map(([, name]) => name)).toEqual(['verifier', 'proofs'])
  })
})

describe('the services together', () => {
  let database: TestDatabase
  let trio: Trio
  let key: ClientKey
  let accessToken: string

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = hasRedis ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, resourceReplicas: redisUrl ? 2 : 1 })
    key = await makeClientKey()
    const { username, password } = await register(trio.auth.url)
    const proof = await dpopProof(key, { url: `${issuerUrl}/auth/login` })
    const { body } = await send<{ access_token: string }>(`${trio.auth.url}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', DPoP: proof },
      body: JSON.stringify({ username, password })
    })
    accessToken = body.access_token
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  test('a token of a sign-in with a proof needs a proof of the same key, which works once among all replicas', async () => {
    const urls = trio.resources.map(({ url }) => `${url}/me`)
    const [url = ''] = urls
    const proofOf = (signer: ClientKey) => dpopProof(signer, { method: 'GET', url: `${audience}/me`, accessToken })
    const proof = await proofOf(key)
    const responses = await Promise.all([...urls, ...urls].map((one) => present(one, accessToken, proof)))
    expect(responses.map(({ status }) => status).sort()).toEqual([200, ...responses.slice(1).map(() => 401)])
    expect(await present(url, accessToken, await proofOf(key))).toMatchObject({ status: 200 })
    expect(await present(url, accessToken, await proofOf(await makeClientKey()))).toMatchObject({ status: 401 })
    const bearer = await fetch(url, { headers: { Authorization: `Bearer ${accessToken}` } })
    expect(bearer.status).toBe(401)
  })
})
