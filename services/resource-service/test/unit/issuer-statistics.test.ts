import { generateKeyPairSync } from 'node:crypto'
import { TemporarilyUnavailableError } from '@countersign/oauth'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createIssuerStatistics, type IssuerStatistics } from '../../src/issuer-statistics.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
const figures = { users: { total: 1, disabled: 0 } }

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const grant = () => json({ access_token: 'own-token', token_type: 'Bearer', expires_in: 600 })

interface Sent {
  url: string
  init: RequestInit
}

let statistics: IssuerStatistics | undefined
afterEach(async () => {
  await statistics?.close()
  vi.restoreAllMocks()
})

/** Statistics from an auth-service that responds so; by itself it does what it should. */
function make(responses: { token?: () => Response | Error; figures?: () => Response | Error } = {}) {
  const sent: Sent[] = []
  const made = createIssuerStatistics({
    issuer: 'https://auth.example.com',
    authUrl: 'http://auth-service:4000',
    clientId: 'resource-service',
    privateKey: pem,
    logger: { info: () => {}, warn: () => {} },
    async fetch(url, init) {
      sent.push({ url, init })
      const response = url.endsWith('/oauth/token')
        ? (responses.token ?? grant)()
        : (responses.figures ?? (() => json(figures)))()
      if (response instanceof Error) throw response
      return response
    }
  })
  statistics = made
  return { statistics: made, sent }
}

/** What a real fetch does when its signal is aborted, before and after its headers. */
const rejectionOf = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const endWith = (signal: AbortSignal, body: ReadableStreamDefaultController) =>
  signal.addEventListener('abort', () => body.error(signal.reason))
const withBody = (body: ReadableStream) => new Response(body, { headers: { 'Content-Type': 'application/json' } })

const failed = () => Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })

describe('the figures of the auth-service', () => {
  test("are asked for with this service's own token, for the issuer, from where it is reached", async () => {
    const { statistics, sent } = make()
    expect(await statistics.read()).toEqual(figures)
    const [token, response] = sent as [Sent, Sent]
    expect(token.url).toBe('http://auth-service:4000/oauth/token')
    const form = new URLSearchParams(String(token.init.body))
    expect([form.get('scope'), form.get('resource')]).toEqual(['statistics:read', 'https://auth.example.com'])
    expect(response.url).toBe('http://auth-service:4000/admin/statistics')
    expect(response.init.redirect).toBe('manual')
    expect(new Headers(response.init.headers).get('Authorization')).toBe('Bearer own-token')
  })

  test.each<[string, Parameters<typeof make>[0], RegExp]>([
    ['an auth-service that is unavailable', { token: failed }, /cannot be reached/],
    ['one that is unavailable once there is a token', { figures: failed }, /cannot be reached/],
    ['one that cannot work', { figures: () => json({ error: 'temporarily_unavailable' }, 503) }, /cannot be reached/],
    ['a refusal of the client', { token: () => json({ error: 'invalid_client' }, 401) }, /rejected the credentials/],
    [
      'a refusal of the scope',
      { figures: () => json({ error: 'insufficient_scope' }, 403) },
      /rejected the credentials/
    ],
    ['a page instead of a token', { token: () => new Response('<html>') }, /cannot be used/],
    ['a page instead of figures', { figures: () => new Response(JSON.stringify(figures)) }, /cannot be used/],
    ['a redirect', { figures: () => json(figures, 302) }, /cannot be used/],
    ['a list', { figures: () => json([figures]) }, /cannot be used/],
    [
      'no JSON',
      { figures: () => new Response('{', { headers: { 'Content-Type': 'application/json' } }) },
      /cannot be used/
    ],
    ['more than 64 KiB', { figures: () => json({ x: 'x'.repeat(65_536) }) }, /cannot be used/]
  ])('%s is 503 with its cause', async (_, responses, words) => {
    const error = await make(responses)
      .statistics.read()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TemporarilyUnavailableError)
    expect(error).toMatchObject({ status: 503, description: expect.stringMatching(words), detail: expect.any(String) })
    expect((error as TemporarilyUnavailableError).headers).toEqual({ 'Retry-After': '5' })
  })

  test.each<[string, (signal: AbortSignal) => Promise<Response>]>([
    ['the response', rejectionOf],
    [
      'the end of the response',
      async (signal) => withBody(new ReadableStream({ start: (body) => endWith(signal, body) }))
    ]
  ])('are given up when %s does not come within 3 s', async (_, response) => {
    const abort = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(abort.signal)
    let isAsked = false
    const made = createIssuerStatistics({
      issuer: 'https://auth.example.com',
      authUrl: 'https://auth.example.com',
      clientId: 'resource-service',
      privateKey: pem,
      logger: { info: () => {}, warn: () => {} },
      async fetch(url, { signal }) {
        if (url.endsWith('/oauth/token')) return grant()
        isAsked = true
        return response(signal as AbortSignal)
      }
    })
    const read = made.read().catch((thrown: unknown) => thrown)
    await vi.waitUntil(() => isAsked)
    await new Promise((resolve) => setImmediate(resolve))
    abort.abort(new DOMException('timed out', 'TimeoutError'))
    expect(await read).toMatchObject({ status: 503, description: expect.stringMatching(/cannot be reached/) })
    expect(timeout).toHaveBeenCalledWith(3_000)
    await made.close()
  })

  test('are unavailable without a key, and no request is made', async () => {
    const statistics = createIssuerStatistics({
      issuer: 'https://auth.example.com',
      authUrl: 'https://auth.example.com',
      clientId: 'resource-service',
      privateKey: undefined,
      logger: { info: () => {}, warn: () => {} },
      fetch: () => Promise.reject(new Error('somebody was asked'))
    })
    const error = { status: 503, description: expect.stringContaining('SERVICE_CLIENT_KEY') }
    await expect(statistics.read()).rejects.toMatchObject(error)
    await statistics.close()
  })
})
