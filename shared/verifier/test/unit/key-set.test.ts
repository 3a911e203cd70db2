import { createTestIssuer, type TestIssuer } from '@countersign/testing'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRemoteKeySet, type RemoteKeySetOptions } from '../../src/key-set.ts'
import type { KeySource } from '../../src/key-source.ts'

let issuer: TestIssuer
let newKid: string
const open: KeySource[] = []

beforeAll(async () => {
  issuer = await createTestIssuer()
})
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }))
afterEach(async () => {
  for (const keys of open.splice(0)) await keys.close()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

interface FakeServer {
  document: unknown
  status: number
  headers: Record<string, string>
  isAway: boolean
  /** Milliseconds until the answer comes. */
  delay: number
}

/** An issuer whose answer a test sets, and a key set that follows it. */
const setUp = (initial: Partial<FakeServer> = {}, options: Partial<RemoteKeySetOptions> = {}) => {
  const server: FakeServer = {
    document: issuer.jwks(),
    status: 200,
    headers: { 'Cache-Control': 'max-age=300' },
    isAway: false,
    delay: 0,
    ...initial
  }
  const times: number[] = []
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => {
    times.push(performance.now())
    // What is answered is what was true when the request came.
    const { document, status, headers, isAway, delay } = structuredClone(server)
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    if (isAway) throw new TypeError('fetch failed')
    const body = status === 304 ? null : JSON.stringify(document)
    return new Response(body, { status, headers: { 'Content-Type': 'application/json', ...headers } })
  })
  const keys = createRemoteKeySet({ jwksUri: 'https://auth.example.com/jwks', fetch, random: () => 0.5, ...options })
  open.push(keys)
  return { server, fetch, times, keys }
}
const settle = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds)
const codeOf = (work: Promise<unknown>) =>
  work.then(
    (value) => (value === undefined ? 'unknown' : 'found'),
    (error: { code: string }) => error.code
  )

describe('the remote key set', () => {
  it('fetches at once, and has its keys at hand from then on', async () => {
    const { keys, fetch } = setUp()
    await keys.ready()
    expect(keys.get(issuer.kid)).toMatchObject({ type: 'public' })
    expect(keys.get('other')).toBeUndefined()
    expect(keys.status()).toEqual({ count: 1, ageSeconds: 0, consecutiveFailures: 0 })
    expect(fetch).toHaveBeenCalledOnce()
  })

  it('lets those who come before the first answer wait for it', async () => {
    const { keys, fetch } = setUp()
    expect(await Promise.all([keys.find(issuer.kid), keys.find(issuer.kid)])).toEqual([
      keys.get(issuer.kid),
      keys.get(issuer.kid)
    ])
    expect(fetch).toHaveBeenCalledOnce()
  })

  it('refreshes in the background before the keys age, within bounds, and keeps the same key object', async () => {
    for (const [cacheControl, seconds] of [
      ['max-age=300', 300],
      ['max-age=1', 30],
      ['no-store', 30],
      ['max-age=999999', 3600],
      ['public', 300]
    ] as const) {
      const { keys, times } = setUp({ headers: { 'Cache-Control': cacheControl } })
      await settle()
      const key = keys.get(issuer.kid)
      await settle(seconds * 1000)
      const age = ((times[1] ?? Number.NaN) - (times[0] ?? Number.NaN)) / 1000
      expect(age / seconds, cacheControl).toBeCloseTo(0.825, 2)
      expect(keys.get(issuer.kid)).toBe(key)
      await keys.close()
    }
  })

  it('asks with the ETag it knows, and takes 304 as proof that its keys are still the issuer’s', async () => {
    const { keys, fetch, server } = setUp({ headers: { ETag: '"v1"' } })
    await settle()
    server.status = 304
    await settle(290_000)
    expect(fetch.mock.lastCall?.[1].headers).toMatchObject({ 'If-None-Match': '"v1"' })
    expect(keys.status().ageSeconds).toBeLessThan(60)
    expect(keys.get(issuer.kid)).toBeDefined()
  })

  it('drops a key that the issuer has withdrawn, and takes a new one', async () => {
    const { keys, server } = setUp()
    await settle()
    const old = issuer.jwks()
    newKid = await issuer.rotate()
    server.document = { keys: issuer.jwks().keys.filter(({ kid }) => kid === newKid) }
    await settle(290_000)
    expect(keys.get(newKid)).toBeDefined()
    expect(keys.get(old.keys[0]?.kid ?? '')).toBeUndefined()
  })

  it('serves its keys while the issuer is away, for maxStaleKeysSeconds and no longer', async () => {
    const { keys, server } = setUp({}, { maxStaleKeysSeconds: 3600 })
    const kid = issuer.kid
    await settle()
    server.isAway = true
    await settle(3_600_000)
    expect(keys.get(kid)).toBeDefined()
    await settle(1)
    expect(keys.get(kid)).toBeUndefined()
    const found = codeOf(keys.find(kid))
    await settle(2000)
    expect(await found).toBe('ERR_KEYS_UNAVAILABLE')
    server.isAway = false
    await settle(30_000)
    expect(keys.get(kid)).toBeDefined()
    expect(keys.status().consecutiveFailures).toBe(0)
  })

  it('backs off while the issuer is away, to at most 30 seconds', async () => {
    const { times } = setUp({ isAway: true })
    await settle(600_000)
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0))
    expect(gaps.slice(0, 4).map(Math.floor)).toEqual([187.5, 375, 750, 1500].map(Math.floor))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000)
    expect(times.length).toBeLessThan(40)
  })

  it('spreads its retries by chance', async () => {
    const first = setUp({ isAway: true }, { random: () => 0 })
    const second = setUp({ isAway: true }, { random: () => 1 })
    await settle(10_000)
    expect(first.times[1]).not.toBe(second.times[1])
  })

  it('keeps its keys when the answer is refused', async () => {
    const kid = issuer.kid
    const jwk = issuer.jwks().keys[0]
    for (const document of [{}, { keys: [] }, { keys: [jwk, jwk] }, 'x'.repeat(70_000)]) {
      const { keys, server } = setUp()
      await settle()
      server.document = document
      await settle(290_000)
      expect(keys.get(kid)).toBeDefined()
      expect(keys.status().consecutiveFailures).toBeGreaterThan(0)
    }
  })

  it('fetches for an unknown kid at most every 2 seconds, however many arrive', async () => {
    const { keys, fetch, times } = setUp()
    await settle()
    const outcomes: Promise<string>[] = []
    for (let at = 0; at < 100; at++) {
      for (let one = 0; one < 20; one++) outcomes.push(codeOf(keys.find(`unknown-${at}-${one}`)))
      await settle(100)
    }
    await settle(2000)
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['unknown']))
    expect(fetch.mock.calls.length).toBeLessThanOrEqual(7)
    for (const [at, time] of times.slice(1).entries()) expect(time - (times[at] ?? 0)).toBeGreaterThanOrEqual(2000)
  })

  it('finds a really new key within 2 seconds under such a flood, and refuses it to nobody', async () => {
    const { keys, server } = setUp()
    await settle()
    const noise: Promise<string>[] = []
    for (let at = 0; at < 37; at++) {
      noise.push(codeOf(keys.find(`noise-${at}`)))
      await settle(100)
    }
    const kid = await issuer.rotate()
    server.document = issuer.jwks()
    const publishedAt = performance.now()
    const found = codeOf(keys.find(kid)).then((outcome) => ({ outcome, after: performance.now() - publishedAt }))
    for (let at = 0; at < 30; at++) {
      noise.push(codeOf(keys.find(`more-${at}`)))
      await settle(100)
    }
    expect(await found).toMatchObject({ outcome: 'found' })
    expect((await found).after).toBeLessThanOrEqual(2000)
    await settle(2000)
    await Promise.all(noise)
  })

  it('does not take the answer of a fetch that was under way when the kid came', async () => {
    const { keys, server } = setUp({ delay: 1000 })
    await settle(1000)
    const early = codeOf(keys.find('not-there'))
    await settle(1500)
    const kid = await issuer.rotate()
    server.document = issuer.jwks()
    const late = codeOf(keys.find(kid))
    await settle(5000)
    expect(await early).toBe('unknown')
    expect(await late).toBe('found')
  })

  it('has one fetch in flight, and gives a slow one up after 5 seconds', async () => {
    const { keys, times } = setUp({ delay: 20_000 })
    const outcomes = [codeOf(keys.find('a')), codeOf(keys.find('b'))]
    await settle(5000)
    expect(await Promise.all(outcomes)).toEqual(['ERR_KEYS_UNAVAILABLE', 'ERR_KEYS_UNAVAILABLE'])
    expect(times).toHaveLength(1)
    await settle(20_000)
    for (const [at, time] of times.slice(1).entries()) expect(time - (times[at] ?? 0)).toBeGreaterThanOrEqual(5000)
    await keys.close()
    await settle(20_000)
  })

  it('cannot know a kid when the fetch for it fails', async () => {
    const { keys, server } = setUp()
    await settle()
    server.isAway = true
    const outcome = codeOf(keys.find('other'))
    await settle(2000)
    expect(await outcome).toBe('ERR_KEYS_UNAVAILABLE')
  })

  it('drops a key that the denylist names at once, for good, and without a fetch', async () => {
    const { keys, fetch } = setUp()
    await settle()
    const { kid } = issuer
    keys.remove(kid)
    expect(keys.get(kid)).toBeUndefined()
    expect(await codeOf(keys.find(kid))).toBe('unknown')
    expect(fetch).toHaveBeenCalledOnce()
    await settle(600_000)
    expect(fetch.mock.calls.length).toBeGreaterThan(1)
    expect(keys.get(kid)).toBeUndefined()
  })

  it('ends every wait when it is closed, and fetches no more', async () => {
    const { keys, fetch } = setUp()
    await settle()
    const waiting = codeOf(keys.find('other'))
    await keys.close()
    expect(await waiting).toBe('ERR_KEYS_UNAVAILABLE')
    await settle(600_000)
    expect(fetch).toHaveBeenCalledOnce()
    const never = setUp({ isAway: true })
    const ready = codeOf(never.keys.ready())
    await never.keys.close()
    expect(await ready).toBe('ERR_KEYS_UNAVAILABLE')
  })

  it('takes a mistake in its options as a TypeError that names the option', () => {
    for (const jwksUri of ['', 'jwks', 'ftp://x', 'https://u:p@x/', 'https://x/#f', undefined as unknown as string]) {
      expect(() => createRemoteKeySet({ jwksUri })).toThrow(/^jwksUri/)
    }
    for (const maxStaleKeysSeconds of [0, 59, 604_801, Number.NaN]) {
      expect(() => createRemoteKeySet({ jwksUri: 'https://x', maxStaleKeysSeconds })).toThrow(/^maxStaleKeysSeconds/)
    }
  })
})
