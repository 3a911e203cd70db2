import { createTestIssuer, type TestIssuer } from '@countersign/verifier/testing'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { KeySource } from '../../../src/keys/key-source.ts'
import { createRemoteKeySet, type RemoteKeySetOptions } from '../../../src/keys/remote-key-set.ts'
import type { VerifierLogger } from '../../../src/logger.ts'

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
  isUnavailable: boolean
  /** Milliseconds until the response comes. */
  delay: number
}

/** An issuer whose response a test sets, and a key set that follows it. */
const setUp = (initial: Partial<FakeServer> = {}, options: Partial<RemoteKeySetOptions> = {}) => {
  const server: FakeServer = {
    document: issuer.jwks(),
    status: 200,
    headers: { 'Cache-Control': 'max-age=300' },
    isUnavailable: false,
    delay: 0,
    ...initial
  }
  const times: number[] = []
  const lines: { level: string; fields: Readonly<Record<string, unknown>>; message: string }[] = []
  const logger: VerifierLogger = {
    info: (fields, message) => void lines.push({ level: 'info', fields, message }),
    warn: (fields, message) => void lines.push({ level: 'warn', fields, message })
  }
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => {
    times.push(performance.now())
    // The response is what was true when the request came.
    const { document, status, headers, isUnavailable, delay } = structuredClone(server)
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    if (isUnavailable) throw new TypeError('fetch failed')
    const body = status === 304 ? null : JSON.stringify(document)
    return new Response(body, { status, headers: { 'Content-Type': 'application/json', ...headers } })
  })
  const keys = createRemoteKeySet({
    jwksUri: 'https://auth.example.com/jwks',
    fetch,
    logger,
    random: () => 0.5,
    ...options
  })
  open.push(keys)
  return { server, fetch, times, keys, lines }
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
    expect(keys.status()).toEqual({
      count: 1,
      ageSeconds: 0,
      consecutiveFailures: 0,
      fetches: { changed: 1, unchanged: 0, failed: 0, refused: 0 },
      ignoredKeys: 0
    })
    expect(fetch).toHaveBeenCalledOnce()
  })

  it('lets look-ups before the first response wait for it', async () => {
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

  it('serves its keys while the issuer is down, for maxStaleKeysSeconds and no longer', async () => {
    const { keys, server } = setUp({}, { maxStaleKeysSeconds: 3600 })
    const kid = issuer.kid
    await settle()
    server.isUnavailable = true
    await settle(3_600_000)
    expect(keys.get(kid)).toBeDefined()
    await settle(1)
    expect(keys.get(kid)).toBeUndefined()
    const found = codeOf(keys.find(kid))
    await settle(2000)
    expect(await found).toBe('ERR_KEYS_UNAVAILABLE')
    server.isUnavailable = false
    await settle(30_000)
    expect(keys.get(kid)).toBeDefined()
    expect(keys.status().consecutiveFailures).toBe(0)
  })

  it('backs off while the issuer is down, to at most 30 seconds', async () => {
    const { times } = setUp({ isUnavailable: true })
    await settle(600_000)
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0))
    expect(gaps.slice(0, 4).map(Math.floor)).toEqual([187.5, 375, 750, 1500].map(Math.floor))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000)
    expect(times.length).toBeLessThan(40)
  })

  it('spreads its retries by chance', async () => {
    const first = setUp({ isUnavailable: true }, { random: () => 0 })
    const second = setUp({ isUnavailable: true }, { random: () => 1 })
    await settle(10_000)
    expect(first.times[1]).not.toBe(second.times[1])
  })

  it('keeps its keys when the response is refused, and counts it apart from a response that did not come', async () => {
    const kid = issuer.kid
    const jwk = issuer.jwks().keys[0]
    const refused: unknown[] = [
      {},
      { keys: [] },
      { keys: [jwk, jwk] },
      { keys: [jwk, { kty: 'oct' }] },
      'x'.repeat(70_000)
    ]
    for (const [responses, outcome] of [
      [refused.map((document) => ({ document })), 'refused'],
      [[{ status: 503 }, { status: 302 }, { isUnavailable: true }, { delay: 6000 }], 'failed']
    ] as const) {
      for (const response of responses) {
        const { keys, server, lines } = setUp()
        await settle()
        Object.assign(server, response)
        await settle(247_500 + 5000)
        expect(keys.get(kid)).toBeDefined()
        expect(keys.status().consecutiveFailures).toBeGreaterThan(0)
        expect(keys.status().fetches).toMatchObject({
          changed: 1,
          unchanged: 0,
          [outcome]: keys.status().consecutiveFailures
        })
        const warning = lines.find(({ level }) => level === 'warn')
        expect(warning).toMatchObject({ message: 'fetch of the key set failed', fields: { outcome, reason: /./ } })
        await keys.close()
        await settle(6000)
      }
    }
  })

  it('asks for the whole document again after one that was refused', async () => {
    const { keys, fetch, server } = setUp({ headers: { ETag: '"good"' } })
    const { kid } = issuer
    await settle()
    Object.assign(server, { document: { keys: [] }, headers: { ETag: '"bad"' } })
    await settle(247_500)
    expect(keys.status().fetches.refused).toBe(1)
    await settle(200)
    expect(fetch.mock.lastCall?.[1].headers).toMatchObject({ 'If-None-Match': '"good"' })
    expect(keys.get(kid)).toBeDefined()
    const first = setUp({ document: { keys: [] }, headers: { ETag: '"bad"' } })
    await settle(200)
    expect(first.fetch).toHaveBeenCalledTimes(2)
    expect(first.fetch.mock.lastCall?.[1].headers).not.toHaveProperty('If-None-Match')
  })

  it('does not accept 304 while it has no document', async () => {
    const { keys, server } = setUp({ status: 304 })
    await settle()
    expect(keys.status()).toMatchObject({ count: 0, ageSeconds: null, fetches: { failed: 1 } })
    server.status = 200
    await settle(1000)
    expect(keys.get(issuer.kid)).toBeDefined()
  })

  it('measures the age of its keys by a clock that does not jump', async () => {
    const { keys, fetch } = setUp()
    await settle()
    for (const wrong of [0, Date.now() + 1e12]) {
      vi.setSystemTime(wrong)
      await settle(1000)
      expect(keys.get(issuer.kid)).toBeDefined()
    }
    expect(keys.status().ageSeconds).toBe(2)
    expect(fetch).toHaveBeenCalledOnce()
  })

  it('serves its keys after a pause of the process that outlasted their age, and fetches at once', async () => {
    let paused = 0
    const clock = { now: () => Date.now() + paused, monotonic: () => performance.now() + paused }
    const { keys, fetch } = setUp({}, { clock })
    await settle()
    // What a stopped process finds when it goes on: the clocks have moved, and its timer is due at once.
    paused = 7_200_000
    vi.advanceTimersToNextTimer()
    expect(keys.get(issuer.kid)).toBeDefined()
    expect(keys.status().ageSeconds).toBeGreaterThan(7200)
    expect(fetch).toHaveBeenCalledTimes(2)
    await settle()
    expect(keys.status().ageSeconds).toBe(0)
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

  it('spares an issuer that fails as well: it fetches for unknown kids at most every 2 seconds', async () => {
    const { keys, server, times } = setUp()
    await settle()
    server.isUnavailable = true
    const outcomes: Promise<string>[] = []
    for (let at = 0; at < 100; at++) {
      outcomes.push(codeOf(keys.find(`unknown-${at}`)))
      await settle(100)
    }
    for (const [at, time] of times.slice(1).entries()) expect(time - (times[at] ?? 0)).toBeGreaterThanOrEqual(2000)
    await settle(2000)
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['ERR_KEYS_UNAVAILABLE']))
  })

  it('finds a really new key within 2 seconds under such a flood, and refuses no token of it', async () => {
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

  it('does not use the response to a fetch that was under way when the kid came', async () => {
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
    server.isUnavailable = true
    const outcome = codeOf(keys.find('other'))
    await settle(2000)
    expect(await outcome).toBe('ERR_KEYS_UNAVAILABLE')
  })

  it('does not let more look-ups wait than it can hold, and says that it cannot know the others', async () => {
    const { keys, fetch, server } = setUp()
    await settle()
    const outcomes: Promise<string>[] = []
    for (let one = 0; one < 20_000; one++) outcomes.push(codeOf(keys.find(`unknown-${one}`)))
    const late = await Promise.all(outcomes.slice(10_000))
    expect(new Set(late)).toEqual(new Set(['ERR_KEYS_UNAVAILABLE']))
    const kid = await issuer.rotate()
    server.document = issuer.jwks()
    expect(await codeOf(keys.find(kid))).toBe('ERR_KEYS_UNAVAILABLE')
    await settle(2000)
    // The fetch that the others wait for has brought the key.
    expect(await codeOf(keys.find(kid))).toBe('found')
    expect(new Set(await Promise.all(outcomes.slice(0, 10_000)))).toEqual(new Set(['unknown']))
    expect(fetch).toHaveBeenCalledTimes(2)
    const again = codeOf(keys.find('again'))
    await settle(2000)
    expect(await again).toBe('unknown')
  })

  it('drops a key that the denylist names at once and for good', async () => {
    const { keys, fetch } = setUp()
    await settle()
    const { kid } = issuer
    keys.remove(kid)
    expect(keys.get(kid)).toBeUndefined()
    expect(await codeOf(keys.find(kid))).toBe('unknown')
    await settle(600_000)
    expect(fetch.mock.calls.length).toBeGreaterThan(1)
    expect(keys.get(kid)).toBeUndefined()
  })

  it('does not take a key back from a fetch that was under way when the denylist named it', async () => {
    const { keys } = setUp({ delay: 1000 })
    const { kid } = issuer
    await settle(500)
    keys.remove(kid)
    await settle(5000)
    expect(keys.status().fetches.changed).toBe(1)
    expect(keys.get(kid)).toBeUndefined()
  })

  it('fetches within a second when the denylist names a key, known or not, past the caches on the way', async () => {
    for (const name of ['known', 'unknown']) {
      const { keys, fetch, server } = setUp()
      await settle(10_000)
      const revoked = name === 'known' ? issuer.kid : 'never-seen'
      const kid = await issuer.rotate()
      server.document = issuer.jwks()
      keys.remove(revoked)
      expect(fetch).toHaveBeenCalledOnce()
      await settle(1000)
      expect(fetch).toHaveBeenCalledTimes(2)
      expect(fetch.mock.lastCall?.[1].headers).toMatchObject({ 'Cache-Control': 'no-cache' })
      expect(keys.get(kid)).toBeDefined()
      await keys.close()
    }
  })

  it('spreads the fetches of all verifiers that hear of a key over about a second', async () => {
    for (const [chance, milliseconds] of [
      [0, 0],
      [0.3, 300],
      [1, 1000]
    ] as const) {
      const { keys, times } = setUp({}, { random: () => chance })
      await settle(10_000)
      keys.remove('revoked')
      await settle(2000)
      expect((times[1] ?? Number.NaN) - (times[0] ?? Number.NaN)).toBeCloseTo(10_000 + milliseconds, -1)
      await keys.close()
    }
  })

  it('fetches for the denylist at most every 2 seconds, and once for each kid', async () => {
    const { keys, fetch, times } = setUp()
    await settle(10_000)
    for (let at = 0; at < 100; at++) {
      for (let one = 0; one < 5; one++) keys.remove(`revoked-${at}-${one}`)
      await settle(100)
    }
    await settle(5000)
    const fetched = fetch.mock.calls.length
    expect(fetched).toBeLessThanOrEqual(1 + 10_000 / 2000 + 2)
    for (const [at, time] of times.slice(1).entries()) expect(time - (times[at] ?? 0)).toBeGreaterThanOrEqual(2000)
    for (let one = 0; one < 5; one++) keys.remove(`revoked-99-${one}`)
    await settle(5000)
    expect(fetch).toHaveBeenCalledTimes(fetched)
  })

  it('fetches no more often because the feed tells the past', async () => {
    const { keys, fetch } = setUp({ delay: 1000 })
    for (let one = 0; one < 100; one++) keys.remove(`before-the-first-keys-${one}`)
    await settle(5000)
    expect(fetch).toHaveBeenCalledOnce()
    for (let one = 0; one < 100; one++) keys.remove(`after-${one}`)
    await settle(5000)
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  it('writes one line when its keys change, and none while they stay', async () => {
    const { keys, server, lines } = setUp()
    const before = issuer.jwks().keys.map(({ kid }) => kid)
    await settle()
    expect(lines).toEqual([
      { level: 'info', message: 'key set changed', fields: { added: before, removed: [], count: before.length } }
    ])
    await settle(900_000)
    expect(keys.status().fetches).toEqual({ changed: 1, unchanged: 3, failed: 0, refused: 0 })
    expect(lines).toHaveLength(1)
    const added = await issuer.rotate()
    server.document = { keys: issuer.jwks().keys.filter(({ kid }) => kid === added) }
    await settle(300_000)
    expect(lines.slice(1)).toEqual([
      { level: 'info', message: 'key set changed', fields: { added: [added], removed: before, count: 1 } }
    ])
    keys.remove(added)
    keys.remove(added)
    expect(lines.slice(2)).toMatchObject([{ level: 'info', fields: { added: [], removed: [added], count: 0 } }])
    await settle(900_000)
    expect(lines).toHaveLength(3)
  })

  it('writes a day of outage as a few lines, and one when it is over', async () => {
    const { keys, server, lines } = setUp()
    await settle()
    server.isUnavailable = true
    await settle(86_000_000)
    const failures = keys.status().consecutiveFailures
    expect(failures).toBeGreaterThan(2000)
    const warnings = lines.slice(1)
    expect(warnings.map(({ fields }) => fields.consecutiveFailures)).toEqual(
      Array.from({ length: Math.floor(Math.log2(failures)) + 1 }, (_, at) => 2 ** at)
    )
    expect(warnings[0]).toMatchObject({
      level: 'warn',
      fields: { outcome: 'failed', reason: 'https://auth.example.com/jwks: fetch failed' }
    })
    server.isUnavailable = false
    await settle(900_000)
    expect(lines.slice(1 + warnings.length)).toEqual([
      { level: 'info', message: 'key set is fetched again', fields: { failures } }
    ])
    expect(keys.status().consecutiveFailures).toBe(0)
  })

  it('tells the cause of a failure that the platform’s fetch hides', async () => {
    const cause = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })
    for (const [thrown, reason] of [
      [new TypeError('fetch failed', { cause }), 'fetch failed: ECONNREFUSED: nothing listens at this host and port'],
      [new TypeError('fetch failed', { cause: new Error('no route') }), 'fetch failed: no route'],
      ['text', 'not an Error']
    ] as const) {
      const { keys, lines } = setUp({}, { fetch: () => Promise.reject(thrown) })
      await settle()
      expect(lines[0]?.fields).toMatchObject({ reason: `https://auth.example.com/jwks: ${reason}` })
      await keys.close()
    }
  })

  it('names a key that it ignores once, as long as it stays the same', async () => {
    const { keys, server, lines } = setUp({ headers: { ETag: '"v1"' } })
    const warnings = () => lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields.ignored)
    const elliptic = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'elliptic' }
    server.document = { keys: [...issuer.jwks().keys, elliptic] }
    await settle(1_200_000)
    const first = [{ kid: 'elliptic', reason: 'kty is not RSA' }]
    expect(warnings()).toEqual([first])
    expect(keys.status()).toMatchObject({ ignoredKeys: 1, count: issuer.jwks().keys.length })
    server.status = 304
    await settle(300_000)
    server.status = 200
    server.document = { keys: [...issuer.jwks().keys, elliptic, { ...issuer.jwks().keys[0], kid: 'enc', use: 'enc' }] }
    await settle(600_000)
    expect(warnings()).toEqual([first, [{ kid: 'enc', reason: 'use is not sig' }]])
    server.document = issuer.jwks()
    await settle(300_000)
    expect(keys.status().ignoredKeys).toBe(0)
  })

  it('ends every wait when it is closed, and fetches no more', async () => {
    const { keys, fetch, lines } = setUp()
    await settle()
    const waiting = codeOf(keys.find('other'))
    keys.remove('revoked')
    await keys.close()
    expect(vi.getTimerCount()).toBe(0)
    expect(await waiting).toBe('ERR_KEYS_UNAVAILABLE')
    expect(await codeOf(keys.find('late'))).toBe('ERR_KEYS_UNAVAILABLE')
    await settle(600_000)
    expect(fetch).toHaveBeenCalledOnce()
    // Being closed is no failure.
    expect(keys.status().fetches).toEqual({ changed: 1, unchanged: 0, failed: 0, refused: 0 })
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([])
    const closed = setUp()
    await settle()
    await closed.keys.close()
    closed.keys.remove('revoked-late')
    expect(vi.getTimerCount()).toBe(0)
    const never = setUp({ isUnavailable: true })
    const ready = codeOf(never.keys.ready())
    await never.keys.close()
    expect(await ready).toBe('ERR_KEYS_UNAVAILABLE')
  })

  it('rejects invalid options with a TypeError that names the option', () => {
    for (const jwksUri of ['', 'jwks', 'ftp://x', 'https://u:p@x/', 'https://x/#f', undefined as unknown as string]) {
      expect(() => createRemoteKeySet({ jwksUri })).toThrow(/^jwksUri/)
    }
    for (const maxStaleKeysSeconds of [0, 59, 604_801, Number.NaN]) {
      expect(() => createRemoteKeySet({ jwksUri: 'https://x', maxStaleKeysSeconds })).toThrow(/^maxStaleKeysSeconds/)
    }
  })
})
