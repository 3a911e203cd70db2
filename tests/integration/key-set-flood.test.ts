import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createTestIssuer, type TestIssuer } from '@countersign/testing'
import { describe, expect, test } from 'vitest'
import {
  type FollowedIssuer,
  followIssuer,
  type HostileIssuer,
  respondJson,
  startHostileIssuer
} from './fixtures/hostile-issuer.ts'

const floodSeconds = 10
const unknownKidsPerSecond = 2000
const validPerSecond = 50
/** A longer pause counts as this much. */
const longestTurnSeconds = 0.05

const base64url = (value: string | Buffer) => Buffer.from(value).toString('base64url')

/** A token that is well formed up to its signature, of a kid that nobody has. */
const unknownKidToken = () => {
  const header = base64url(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: randomUUID() }))
  return `${header}.${base64url('{"sub":"nobody"}')}.${base64url(randomBytes(256))}`
}

/** Calls `send` so many times a second at most, in a steady pace: what a busy machine missed is not sent all at once. */
const atPace = async (perSecond: number, send: () => void) => {
  const most = floodSeconds * perSecond
  for (let [sent, due, last] = [0, 0, performance.now()]; sent < most; ) {
    await delay(5)
    const now = performance.now()
    due = Math.min(due + Math.min((now - last) / 1000, longestTurnSeconds) * perSecond, most)
    last = now
    for (; sent < due; sent++) send()
  }
}

const sendUnknownKids = async (followed: FollowedIssuer): Promise<Map<string, number>> => {
  const refusals = new Map<string, number>()
  const work: Promise<void>[] = []
  await atPace(unknownKidsPerSecond, () => {
    const refusal = followed.codeOf(unknownKidToken())
    work.push(refusal.then((code) => void refusals.set(code, (refusals.get(code) ?? 0) + 1)))
  })
  await Promise.all(work)
  return refusals
}

/** Every other token is one that was seen before. Resolves to what became of each, and how many milliseconds it took. */
const sendValidTokens = async (issuer: TestIssuer, followed: FollowedIssuer) => {
  const fresh = Array.from({ length: (floodSeconds * validPerSecond) / 2 }, () => issuer.mint())
  const seen = issuer.mint()
  const work: Promise<{ code: string; milliseconds: number }>[] = []
  const verify = async (token: string) => {
    const startedAt = performance.now()
    return { code: await followed.codeOf(token), milliseconds: performance.now() - startedAt }
  }
  await atPace(validPerSecond, () => work.push(verify(work.length % 2 === 0 ? seen : (fresh.pop() ?? seen))))
  return Promise.all(work)
}

/** Publishes a key right after a fetch has missed it. Resolves to the seconds and fetches until a token of it is accepted. */
const publishKey = async (server: HostileIssuer, followed: FollowedIssuer, keySet: unknown, token: string) => {
  await delay((floodSeconds / 2) * 1000)
  const { respond } = server
  const published = await new Promise<{ at: number; fetches: number }>((resolve) => {
    server.respond = (response, request) => {
      respond(response, request)
      server.respond = respondJson(keySet)
      resolve({ at: performance.now(), fetches: server.times.length })
    }
  })
  const code = await followed.codeOf(token)
  return {
    code,
    seconds: (performance.now() - published.at) / 1000,
    fetches: server.times.length - published.fetches
  }
}

const percentile = (percent: number, values: readonly number[]) =>
  values.toSorted((one, other) => one - other)[Math.floor((values.length * percent) / 100)] ?? 0

describe('2,000 unknown kids a second', () => {
  test('cost the issuer a fetch each 2 seconds, hold up no valid request, and let a new key in within 2 seconds', async () => {
    const [issuer, successor] = await Promise.all([createTestIssuer(), createTestIssuer()])
    const server = await startHostileIssuer(respondJson(issuer.jwks()))
    /** When fetches began: this process, which is the server as well, is too busy to say when they arrive. */
    const begun: number[] = []
    const followed = followIssuer(issuer, server.jwksUri, (...request) => {
      begun.push(performance.now())
      return fetch(...request)
    })
    await followed.verifier.ready()
    try {
      const startedAt = performance.now()
      const [refusals, valid, published] = await Promise.all([
        sendUnknownKids(followed),
        sendValidTokens(issuer, followed),
        publishKey(server, followed, { keys: [...issuer.jwks().keys, ...successor.jwks().keys] }, successor.mint())
      ])
      const seconds = (performance.now() - startedAt) / 1000

      // One fetch later, which is 2 seconds later on a machine with nothing else to do.
      expect(published).toMatchObject({ code: 'good', fetches: 1 })
      expect(published.seconds).toBeLessThanOrEqual(5)
      expect([...refusals]).toEqual([['ERR_TOKEN_UNKNOWN_KEY', floodSeconds * unknownKidsPerSecond]])
      expect(new Set(valid.map(({ code }) => code))).toEqual(new Set(['good']))
      expect(valid).toHaveLength(floodSeconds * validPerSecond)
      // Of the tokens that are new, too: a valid request never waits for the fetch that the others wait for, 0 to 2 seconds.
      expect(
        percentile(
          95,
          valid.map(({ milliseconds }) => milliseconds)
        )
      ).toBeLessThan(1000)

      const gaps = begun.slice(1).map((time, at) => time - (begun[at] ?? 0))
      expect(Math.min(...gaps)).toBeGreaterThan(1900)
      expect(begun.length).toBeGreaterThanOrEqual(server.times.length)
      expect(begun.length).toBeLessThanOrEqual(2 + seconds / 2 + 1)
      // One, a minute at most: unknown kids may be a wrong set-up.
      expect(followed.warnings).toMatchObject([{ code: 'ERR_TOKEN_UNKNOWN_KEY' }])
    } finally {
      await followed.verifier.close()
      await server.close()
    }
  })
})
