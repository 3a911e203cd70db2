import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type FetchKeySetOptions, fetchKeySet } from '../../../src/keys/fetch-key-set.ts'
import { KeySetRefusedError } from '../../../src/keys/json-web-key-set.ts'

const json = { 'Content-Type': 'application/json' }
const fetchOf = (response: Response | (() => Response), options: Partial<FetchKeySetOptions> = {}) =>
  fetchKeySet('https://auth.example.com/jwks', {
    fetch: async () => (typeof response === 'function' ? response() : response),
    timeoutMilliseconds: 5000,
    maxBytes: 65_536,
    signal: new AbortController().signal,
    ...options
  })

describe('fetching a JWKS document', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('takes JSON and JWK Set JSON, with its ETag and freshness', async () => {
    for (const type of ['application/json', 'application/jwk-set+json', 'Application/JSON; charset=utf-8']) {
      const headers = { 'Content-Type': type, ETag: '"1"', 'Cache-Control': 'public, max-age=300', Age: '20' }
      const fetched = await fetchOf(new Response('{"keys":[]}', { headers }))
      expect(fetched).toEqual({ document: { keys: [] }, etag: '"1"', maxAgeSeconds: 280 })
    }
  })

  it('sends the ETag it knows, and accepts 304 only then', async () => {
    const fetch = vi.fn(async () => new Response(null, { status: 304 }))
    expect(await fetchOf(new Response(), { fetch, etag: '"1"' })).toMatchObject({ document: undefined, etag: '"1"' })
    expect(fetch).toHaveBeenCalledWith(
      'https://auth.example.com/jwks',
      expect.objectContaining({ redirect: 'manual', headers: expect.objectContaining({ 'If-None-Match': '"1"' }) })
    )
    await expect(fetchOf(new Response(null, { status: 304 }))).rejects.toThrow('status 304')
  })

  it('asks caches on the way to revalidate on request, and only then', async () => {
    const fetch = vi.fn(async (_url: string, _init: RequestInit) => new Response('{}', { headers: json }))
    await fetchOf(new Response(), { fetch, isRevalidated: true })
    expect(fetch.mock.lastCall?.[1].headers).toMatchObject({ 'Cache-Control': 'no-cache' })
    await fetchOf(new Response(), { fetch })
    expect(fetch.mock.lastCall?.[1].headers).not.toHaveProperty('Cache-Control')
  })

  it('refuses redirects and every other status', async () => {
    for (const status of [201, 204, 301, 302, 307, 308, 400, 404, 500, 503]) {
      const body = status === 204 ? null : '{"keys":[]}'
      const response = new Response(body, { status, headers: { ...json, Location: 'https://evil.example' } })
      const error = await fetchOf(response).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ message: expect.stringMatching(`^status ${status}: a redirect to "https://evil`) })
      expect(error).not.toBeInstanceOf(KeySetRefusedError)
    }
    await expect(fetchOf(new Response('', { status: 503 }))).rejects.toThrow(/^status 503$/)
    const followed = Object.defineProperty(new Response('{}', { headers: json }), 'redirected', { value: true })
    await expect(fetchOf(followed)).rejects.toThrow()
  })

  it('refuses a body that is not JSON, by its type or in fact', async () => {
    for (const type of ['text/html', 'application/json5', 'text/json', 'application/octet-stream']) {
      const response = fetchOf(new Response('{}', { headers: { 'Content-Type': type } }))
      await expect(response).rejects.toThrow(new KeySetRefusedError('not JSON by its Content-Type'))
    }
    for (const body of ['', '<html>', '{', Buffer.from([0x22, 0xff, 0x22])]) {
      await expect(fetchOf(new Response(body, { headers: json }))).rejects.toThrow(new KeySetRefusedError('not JSON'))
    }
  })

  it('stops reading a body that is too large, however it comes', async () => {
    let pulled = 0
    let isCancelled = false
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled++
        controller.enqueue(new Uint8Array(1024))
      },
      cancel: () => {
        isCancelled = true
      }
    })
    await expect(fetchOf(new Response(endless, { headers: json }))).rejects.toThrow('more than 65536 bytes')
    expect(pulled).toBeLessThan(70)
    expect(isCancelled).toBe(true)
  })

  it('gives up after its time, also when the body stalls or fetch does not heed its signal', async () => {
    const stalled = new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), { headers: json })
    for (const options of [{ fetch: async () => stalled }, { fetch: () => new Promise<Response>(() => {}) }]) {
      const outcome = expect(fetchOf(stalled, options)).rejects.toThrow('timed out')
      await vi.advanceTimersByTimeAsync(5000)
      await outcome
    }
  })

  it('gives up at once when it is aborted, before or during', async () => {
    const fetch = () => new Promise<Response>(() => {})
    const abort = new AbortController()
    const outcome = expect(fetchOf(new Response(), { fetch, signal: abort.signal })).rejects.toThrow('given up')
    abort.abort()
    await outcome
    await expect(fetchOf(new Response(), { fetch, signal: abort.signal })).rejects.toThrow('given up')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('reads how long a response is fresh', async () => {
    const maxAge = async (cacheControl?: string, age = '0') => {
      const headers = { ...json, Age: age, ...(cacheControl && { 'Cache-Control': cacheControl }) }
      return (await fetchOf(new Response('{}', { headers }))).maxAgeSeconds
    }
    expect(await maxAge()).toBeUndefined()
    expect(await maxAge('public, max-age=60, stale-while-revalidate=30')).toBe(60)
    expect(await maxAge('no-store')).toBe(0)
    expect(await maxAge('no-cache, max-age=60')).toBe(0)
    expect(await maxAge('s-maxage=60')).toBeUndefined()
    expect(await maxAge('max-age=60', '59')).toBe(1)
    expect(await maxAge('max-age=60', '86400')).toBe(0)
    expect(await maxAge('max-age=60', '99999999999')).toBe(0)
    for (const nonsense of ['-60', '1e9', 'old', '']) expect(await maxAge('max-age=60', nonsense)).toBe(60)
  })
})
