import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type RedisContainer,
  runningTimeOf,
  startRedisContainer,
  startTcpProxy,
  type TcpProxy,
  until
} from '@countersign/testing'
import { get, makeClientKey, post, register, signIn, unverifiedClaims } from '@countersign/testing/trio'
import { revocationKeys } from '@countersign/verifier/redis'
import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { command } from '../chaos/refused-writes.ts'
import { type Fixture, signInWithProof, startFixture } from './fixture.ts'
import { canRunFollower, type FollowerProcess, type FollowerSettings, startFollower } from './follower-process.ts'
import { forgeries } from './forgeries.ts'

/** What the followers are started with, and what a busy machine adds. */
const maxStalenessSeconds = 3
const boundMs = maxStalenessSeconds * 1000 + 1000

/** docs/examples/countersign_follower.py, which follows docs/revocation-feed.md. */
describe.skipIf(!inject('docker') || !canRunFollower)('the follower in Python', () => {
  let redis: RedisContainer
  let issuerPath: TcpProxy
  let followerPath: TcpProxy
  let fixture: Fixture
  let follower: FollowerProcess
  /** Its session lives through all tests. */
  let good: string

  beforeAll(async () => {
    redis = await startRedisContainer()
    issuerPath = await startTcpProxy({ target: redis.url })
    followerPath = await startTcpProxy({ target: redis.url })
    fixture = await startFixture({ ownRedisUrl: issuerPath.url })
    follower = await start()
    good = await newSession()
    await vi.waitUntil(async () => (await follower.ask(good)) === 204, { timeout: 10_000 })
  })
  afterAll(async () => {
    await follower?.stop()
    await fixture?.stop()
    await Promise.all([issuerPath?.close(), followerPath?.close()])
    await redis?.remove()
  })

  const start = (settings: Partial<FollowerSettings> = {}) =>
    startFollower({
      issuer: fixture.issuer,
      audience: fixture.audience,
      redisUrl: followerPath.url,
      maxStalenessSeconds,
      ...settings
    })
  const newSession = async () => (await signIn(fixture.issuer, await register(fixture.issuer))).access_token
  const logOut = async (token: string) =>
    expect((await post(`${fixture.issuer}/auth/logout`, undefined, token)).status).toBe(204)
  const newRevoked = async () => {
    const token = await newSession()
    await logOut(token)
    await expect.poll(() => follower.ask(token), { interval: 20 }).toBe(401)
    return token
  }
  /** Asks until the response to the valid token is the expected one; the revoked one is refused all the while. */
  const untilGoodIs = async (expected: number, withinMs: number, revoked: string, asked = follower) => {
    const verifyAgain = async () => {
      expect(await asked.ask(revoked)).not.toBe(204)
      return asked.ask(good)
    }
    await expect.poll(verifyAgain, { timeout: withinMs, interval: 50 }).toBe(expected)
  }

  test('accepts a valid token, and names its subject, client and scope', async () => {
    const response = await fetch(follower.url, { headers: { Authorization: `Bearer ${good}` } })
    const claims = unverifiedClaims(good)
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-subject': claims.sub,
      'x-client-id': claims.client_id,
      'x-scope': claims.scope
    })
  })

  test('a request without a token gets 401 and a challenge without an error', async () => {
    const response = await fetch(follower.url)
    expect([response.status, response.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer'])
  })

  test.each(Object.entries(forgeries))('a token with %s is rejected', async (_, forge) => {
    const { body } = await get<{ keys: JsonWebKey[] }>(`${fixture.issuer}/.well-known/jwks.json`)
    const forged = forge(good, body.keys[0] as never)
    // An unknown kid cannot be verified when the issuer was asked a moment ago.
    await expect.poll(() => follower.ask(forged), { timeout: 5000, interval: 500 }).toBe(401)
  })

  const now = Math.floor(Date.now() / 1000)
  const actors = (depth: number): object => ({ sub: 'a', ...(depth > 1 && { act: actors(depth - 1) }) })
  test.each<[string, object, object]>([
    ['a passed exp', { iat: now - 700, exp: now - 100 }, {}],
    ['an iat in the future', { iat: now + 3600, exp: now + 4000 }, {}],
    ['another aud', { aud: ['http://other.test'] }, {}],
    ['another iss', { iss: 'http://other.test' }, {}],
    ['the type of ID tokens', {}, { typ: 'JWT' }],
    ['no type', {}, { typ: undefined }],
    ['no client_id', { client_id: undefined }, {}],
    ['no jti', { jti: undefined }, {}],
    ['a jti of 257 characters', { jti: 'x'.repeat(257) }, {}],
    ['five actors', { act: actors(5) }, {}],
    ['an act that is a text', { act: 'orders' }, {}],
    ['8192 characters', { scope: 'x'.repeat(8192) }, {}]
  ])('a token of the issuer with %s is rejected', async (_, claims, header) => {
    expect(await follower.ask(await fixture.signAsIssuer(claims, header))).toBe(401)
  })

  test('a token that is bound to a key is rejected, since no proof is checked', async () => {
    const key = await makeClientKey()
    const { access_token: bound } = await signInWithProof(fixture, await register(fixture.issuer), key)
    expect(await follower.ask(bound)).toBe(401)
  })

  test('a logout is known within a second', async () => {
    const took: number[] = []
    for (let round = 0; round < 3; round++) {
      const token = await newSession()
      expect(await follower.ask(token)).toBe(204)
      await logOut(token)
      took.push(await runningTimeOf(() => until(async () => (await follower.ask(token)) === 401, 5000)))
      expect(await follower.ask(good)).toBe(204)
    }
    // A busy machine may hold up one.
    expect(took.toSorted((a, b) => a - b)[1], took.join(', ')).toBeLessThan(1000)
  })

  test('a token with an actor whose session is revoked is rejected, however deep the actor', async () => {
    const { sid } = unverifiedClaims(await newRevoked())
    expect(await follower.ask(await fixture.signAsIssuer({ act: { sub: 'orders' } }))).toBe(204)
    for (const act of [
      { sub: 'orders', sid },
      { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd', sid } } } }
    ]) {
      expect(await follower.ask(await fixture.signAsIssuer({ act }))).toBe(401)
    }
  })

  test('unknown kids make it fetch the key set at most once in two seconds', async () => {
    const { body } = await get<object>(`${fixture.issuer}/.well-known/jwks.json`)
    let requests = 0
    const server = createServer((_, response) => {
      requests++
      response.end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const other = await start({ jwksUrl: `http://127.0.0.1:${port}/` })
    onTestFinished(async () => {
      await other.stop()
      server.close()
    })
    await expect.poll(() => other.ask(good)).toBe(204)
    const startedAt = performance.now()
    const statuses: number[] = []
    const [, payload, signature] = good.split('.')
    for (let i = 0; i < 50; i++) {
      const header = JSON.stringify({ alg: 'RS256', kid: `unknown-${i}`, typ: 'at+jwt' })
      statuses.push(await other.ask(`${Buffer.from(header).toString('base64url')}.${payload}.${signature}`))
    }
    expect(statuses).not.toContain(204)
    expect(requests).toBeLessThanOrEqual(2 + (performance.now() - startedAt) / 2000)
    expect(await other.ask(good)).toBe(204)
  })

  test('without Redis it accepts nothing, unless its policy is to allow', async () => {
    const redisUrl = 'redis://127.0.0.1:1'
    const [rejecting, allowing] = [await start({ redisUrl }), await start({ redisUrl, whenStale: 'allow' })]
    onTestFinished(async () => {
      await Promise.all([rejecting.stop(), allowing.stop()])
    })
    expect([await rejecting.ask(good), await allowing.ask(good)]).toEqual([503, 204])
  })

  test('messages that make no sense are skipped', async () => {
    const token = await newSession()
    for (const [kind, value, exp] of [
      ['unknown', 'x', '99999999999'],
      ['sid', 'x'.repeat(300), '99999999999'],
      ['sid', unverifiedClaims(token).sid, 'soon'],
      ['sid', '', '99999999999']
    ] as [string, string, string][]) {
      await command(redis.url, ['XADD', revocationKeys.stream, '*', 'kind', kind, 'value', value, 'exp', exp])
    }
    await command(redis.url, ['XADD', revocationKeys.stream, '*', 'other', 'fields'])
    await newRevoked()
    expect(await follower.ask(token)).toBe(204)
  })

  test('Redis is unavailable beyond the bound: 503 for valid tokens, and it recovers by itself', async () => {
    const revoked = await newRevoked()
    followerPath.pause()
    const pausedAt = performance.now()
    await untilGoodIs(503, boundMs, revoked)
    expect(performance.now() - pausedAt).toBeGreaterThan(1000)
    expect(await follower.ask(revoked)).toBe(401)
    await followerPath.cut()
    followerPath.resume()
    const meanwhile = await newSession()
    await logOut(meanwhile)
    expect(await follower.ask(meanwhile)).toBe(503)
    await followerPath.restore()
    await untilGoodIs(204, 5000, meanwhile)
    expect([await follower.ask(revoked), await follower.ask(meanwhile)]).toEqual([401, 401])
  })

  test('a flush: 503 until the feed is rebuilt, and a revoked token is never accepted', async () => {
    const revoked = await newRevoked()
    await issuerPath.cut()
    await command(redis.url, ['FLUSHALL'])
    const startedAfterwards = await start()
    onTestFinished(() => startedAfterwards.stop())
    await untilGoodIs(503, 10_000, revoked)
    expect(await follower.ask(revoked)).toBe(401)
    expect([await startedAfterwards.ask(good), await startedAfterwards.ask(revoked)]).toEqual([503, 503])
    await issuerPath.restore()
    for (const one of [follower, startedAfterwards]) {
      await untilGoodIs(204, 10_000, revoked, one)
      expect(await one.ask(revoked)).toBe(401)
    }
  })

  test('an issuer that cannot publish: cannot know within the bound', async () => {
    const token = await newSession()
    await command(redis.url, ['CONFIG', 'SET', 'maxmemory', '1'])
    try {
      await logOut(token)
      const revokedAt = performance.now()
      await delay(boundMs)
      while (performance.now() < revokedAt + boundMs + 1000) expect(await follower.ask(token)).not.toBe(204)
      expect(await follower.ask(good)).toBe(503)
    } finally {
      await command(redis.url, ['CONFIG', 'SET', 'maxmemory', '0'])
    }
    await untilGoodIs(204, 10_000, token)
    expect(await follower.ask(token)).toBe(401)
  })

  test('a demoted primary: cannot know, and it recovers by itself', async () => {
    await command(redis.url, ['REPLICAOF', '127.0.0.1', '1'])
    try {
      await expect.poll(() => follower.ask(good), { interval: 50 }).toBe(503)
    } finally {
      await command(redis.url, ['REPLICAOF', 'NO', 'ONE'])
    }
    await expect.poll(() => follower.ask(good), { interval: 50 }).toBe(204)
  })

  // The last one: no token of before is valid afterwards.
  test('the tokens of a revoked key are rejected', async () => {
    const { kid } = decodeProtectedHeader(good)
    const response = await post(
      `${fixture.issuer}/admin/keys/${kid}/revoke`,
      { reason: 'test' },
      await fixture.signInAdmin()
    )
    expect(response.status).toBe(200)
    await expect.poll(() => follower.ask(good), { interval: 20 }).toBe(401)
    const renewed = await newSession()
    await expect.poll(() => follower.ask(renewed), { timeout: 5000 }).toBe(204)
  })
})
