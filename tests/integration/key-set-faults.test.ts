import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { createTestIssuer } from '@countersign/testing'
import { describe, expect, test, vi } from 'vitest'
import {
  type FollowedIssuer,
  followIssuer,
  type HostileIssuer,
  type Respond,
  respondJson,
  startHostileIssuer
} from './fixtures/hostile-issuer.ts'

const issuer = await createTestIssuer()
const [good] = issuer.jwks().keys
const keySet = JSON.stringify(issuer.jwks())
const json = { 'Content-Type': 'application/json' }
const megabyte = 1024 * 1024
/** A key set in which only its size is wrong. */
const hugeKeySet = Buffer.from(`${keySet.slice(0, -1)}${' '.repeat(20 * megabyte)}}`)

const respondText =
  (status: number, headers: Record<string, string>, body: string | Uint8Array): Respond =>
  (response) =>
    response.writeHead(status, headers).end(body)
const rsaKey = (modulusLength: number) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength })
  return { publicJwk: publicKey.export({ format: 'jwk' }), privateJwk: privateKey.export({ format: 'jwk' }) }
}
/** The issuer's own key, and another one. */
const respondBeside = (other: object) => respondJson({ keys: [good, { kid: 'new', ...other }] })

/** Runs with a verifier that knows the issuer's key, and a server that may become hostile. */
const withKnownKeys = async (work: (server: HostileIssuer, followed: FollowedIssuer) => Promise<void>) => {
  const server = await startHostileIssuer(respondJson(issuer.jwks()))
  const followed = followIssuer(issuer, server.jwksUri)
  try {
    await followed.verifier.ready()
    await work(server, followed)
  } finally {
    await followed.verifier.close()
    await server.close()
  }
}

/** The response was counted and logged, and the token of the known key passes. */
const expectKeptKeys = async (followed: FollowedIssuer, outcome: 'failed' | 'refused', reason: string) => {
  expect(await followed.codeOf(issuer.mint())).toBe('good')
  const { [outcome]: counted, ...others } = await followed.scrapeFetches()
  // It tries again soon.
  expect(counted).toBeGreaterThanOrEqual(1)
  expect(others).toEqual({ changed: 1, unchanged: 0, [outcome === 'failed' ? 'refused' : 'failed']: 0 })
  expect(followed.warnings[0]).toMatchObject({
    outcome,
    reason: expect.stringContaining(reason),
    consecutiveFailures: 1
  })
}

const hostile: [name: string, respond: Respond, outcome: 'failed' | 'refused', reason: string][] = [
  ['HTML', respondText(200, { 'Content-Type': 'text/html' }, '<html>'), 'refused', 'not JSON by its Content-Type'],
  ['HTML that says it is JSON', respondText(200, json, '<html>'), 'refused', 'not JSON: '],
  ['a redirect to a valid key set', respondText(302, { Location: '/elsewhere' }, ''), 'failed', 'status 302'],
  ['a valid key set with status 500', respondText(500, json, keySet), 'failed', 'status 500'],
  ['a broken connection', (response) => response.destroy(), 'failed', 'fetch failed: '],
  [
    '20 MB that were compressed to little',
    respondText(200, { ...json, 'Content-Encoding': 'gzip' }, gzipSync(hugeKeySet)),
    'refused',
    'more than 65536 bytes'
  ],
  ['two keys of one kid', respondJson({ keys: [good, good] }), 'refused', 'a kid appears twice'],
  ['a private member', respondBeside(rsaKey(2048).privateJwk), 'refused', 'key "new" has a private member'],
  [
    'a symmetric key',
    respondBeside({ kty: 'oct', alg: 'HS256', k: randomBytes(32).toString('base64url') }),
    'refused',
    'key "new" is symmetric'
  ],
  ['a key of 1024 bits', respondBeside(rsaKey(1024).publicJwk), 'refused', 'key "new" has fewer than 2048 bits'],
  ['a key with e = 1', respondBeside({ ...good, kid: 'new', e: 'AQ' }), 'refused', 'key "new" has an e that is under'],
  ['a key set without a usable key', respondJson({ keys: [{ ...good, use: 'enc' }] }), 'refused', 'no usable key'],
  ['an empty key set', respondJson({ keys: [] }), 'refused', 'no usable key']
]

describe.concurrent('a hostile response leaves the known keys in use, is counted, and the log says why', () => {
  // First, since it lasts longest.
  test('a key set that arrives one byte per second is given up after 5 seconds', async () => {
    await withKnownKeys(async (server, followed) => {
      const lasted: Promise<number>[] = []
      server.respond = (response) => lasted.push(writeByteEachSecond(response, keySet))
      const refusal = followed.forceFetch()
      await vi.waitFor(() => expect(lasted).toHaveLength(1), 5000)
      expect(await followed.codeOf(issuer.mint())).toBe('good')
      expect(await refusal).toBe('ERR_KEYS_UNAVAILABLE')
      await expectKeptKeys(followed, 'failed', 'timed out')
      expect(await lasted[0]).toBeGreaterThan(4500)
      // All of it, at a byte a second, would take several times as long.
      expect(await lasted[0]).toBeLessThan(9000)
    })
  })

  test.each(hostile)('%s', async (_, response, outcome, reason) => {
    await withKnownKeys(async (server, followed) => {
      server.respond = response
      // 503, not 401: whether the issuer has such a key is unknown.
      expect(await followed.forceFetch()).toBe('ERR_KEYS_UNAVAILABLE')
      await expectKeptKeys(followed, outcome, reason)
      expect(new Set(server.paths)).toEqual(new Set(['/jwks']))
      server.respond = respondJson(issuer.jwks())
      await vi.waitFor(() => expect(followed.verifier.status().keys.consecutiveFailures).toBe(0), 5000)
    })
  })

  test.each([
    ['with a Content-Length', { 'Content-Length': String(hugeKeySet.length) }],
    ['in chunks', {}]
  ])('20 MB %s, of which little is read', async (_, headers) => {
    await withKnownKeys(async (server, followed) => {
      const sent: Promise<number>[] = []
      server.respond = (response) => {
        response.writeHead(200, { ...json, ...headers })
        sent.push(writeAtReadersPace(response, hugeKeySet))
      }
      expect(await followed.forceFetch()).toBe('ERR_KEYS_UNAVAILABLE')
      await expectKeptKeys(followed, 'refused', 'more than 65536 bytes')
      // What the sockets' buffers took is not what was read, but even that is a part of it.
      expect(await sent[0]).toBeLessThan(10 * megabyte)
    })
  })
})

/** Resolves to the bytes that were handed on when the connection went. */
async function writeAtReadersPace(response: ServerResponse, body: Buffer): Promise<number> {
  const closed = once(response, 'close')
  let sent = 0
  while (sent < body.length && !response.destroyed) {
    const chunk = body.subarray(sent, sent + 16 * 1024)
    sent += chunk.length
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), closed])
  }
  response.end()
  await closed
  return sent
}

/** Resolves to the milliseconds until the connection went. */
async function writeByteEachSecond(response: ServerResponse, body: string): Promise<number> {
  const startedAt = performance.now()
  response.writeHead(200, json)
  let sent = 0
  const timer = setInterval(() => response.write(body.slice(sent, ++sent)), 1000)
  await once(response, 'close')
  clearInterval(timer)
  return performance.now() - startedAt
}
