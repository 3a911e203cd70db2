import { describe, expect, test, vi } from 'vitest'
import { fetchWithToken } from '../../src/index.ts'

const url = 'https://api.example.com/orders'

function sourceOf(...tokens: string[]) {
  const left = [...tokens]
  const invalidated: string[] = []
  return {
    invalidated,
    getToken: vi.fn(async () => left[0] as string),
    invalidate(token: string) {
      invalidated.push(token)
      left.shift()
    }
  }
}

/** Responds with these statuses one by one. */
function serverOf(...statuses: number[]) {
  const sent: { authorization: string | null; init: RequestInit }[] = []
  const fetch = async (_url: string, init: RequestInit) => {
    sent.push({ authorization: new Headers(init.headers).get('Authorization'), init })
    return new Response(`response ${sent.length}`, { status: statuses[sent.length - 1] ?? 500 })
  }
  return { sent, fetch }
}

describe('fetchWithToken', () => {
  test('sends the token beside what was given', async () => {
    const { sent, fetch } = serverOf(200)
    const init = { method: 'PUT', headers: { 'X-Trace': '1', authorization: 'Basic x' }, body: 'text' }
    const response = await fetchWithToken(sourceOf('first'), new URL(url), init, fetch)
    expect(await response.text()).toBe('response 1')
    expect(sent).toHaveLength(1)
    expect(sent[0]?.authorization).toBe('Bearer first')
    expect(sent[0]?.init).toMatchObject({ method: 'PUT', body: 'text' })
    expect(new Headers(sent[0]?.init.headers).get('X-Trace')).toBe('1')
  })

  test('tries once more with a new token after 401, and gives what comes then', async () => {
    for (const second of [200, 401]) {
      const source = sourceOf('first', 'second', 'third')
      const { sent, fetch } = serverOf(401, second)
      const response = await fetchWithToken(source, url, {}, fetch)
      expect(response.status).toBe(second)
      expect(sent.map(({ authorization }) => authorization)).toEqual(['Bearer first', 'Bearer second'])
      expect(source.invalidated).toEqual(['first'])
    }
  })

  test.each([400, 403, 500, 503])('gives %d as it is', async (status) => {
    const source = sourceOf('first', 'second')
    const { sent, fetch } = serverOf(status)
    expect((await fetchWithToken(source, url, undefined, fetch)).status).toBe(status)
    expect(sent).toHaveLength(1)
    expect(source.invalidated).toEqual([])
  })

  test.each<[string, () => NonNullable<RequestInit['body']>]>([
    ['a text', () => 'text'],
    ['bytes', () => new Uint8Array([1])],
    ['an array buffer', () => new ArrayBuffer(1)],
    ['a form', () => new URLSearchParams({ a: 'b' })],
    ['a multipart form', () => new FormData()],
    ['a blob', () => new Blob(['x'])]
  ])('sends %s again', async (_, body) => {
    const { sent, fetch } = serverOf(401, 200)
    expect((await fetchWithToken(sourceOf('a', 'b'), url, { method: 'POST', body: body() }, fetch)).status).toBe(200)
    expect(sent).toHaveLength(2)
  })

  test('does not send a stream again, and drops the token all the same', async () => {
    const source = sourceOf('first', 'second')
    const { sent, fetch } = serverOf(401, 200)
    const body = new Blob(['x']).stream() as ReadableStream
    expect((await fetchWithToken(source, url, { method: 'POST', body }, fetch)).status).toBe(401)
    expect(sent).toHaveLength(1)
    expect(source.invalidated).toEqual(['first'])
  })

  test('ends with its signal while it waits for a token, and sends nothing', async () => {
    const { sent, fetch } = serverOf(200)
    const abort = new AbortController()
    const source = { getToken: () => new Promise<string>(() => {}), invalidate: () => {} }
    const response = fetchWithToken(source, url, { signal: abort.signal }, fetch)
    abort.abort(new Error('enough'))
    await expect(response).rejects.toThrow('enough')
    await expect(fetchWithToken(source, url, { signal: abort.signal }, fetch)).rejects.toThrow('enough')
    expect(sent).toEqual([])
  })

  test('fails as the source fails, before anything is sent', async () => {
    const { sent, fetch } = serverOf(200)
    const source = { getToken: () => Promise.reject(new Error('no token')), invalidate: () => {} }
    await expect(fetchWithToken(source, url, {}, fetch)).rejects.toThrow('no token')
    expect(sent).toEqual([])
  })
})
