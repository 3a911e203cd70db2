import type { ServiceTokenSource } from './service-token-source.ts'
import type { Fetch } from './token-endpoint.ts'

/**
 * A `fetch` that sends the source's token as a bearer token (RFC 6750 §2.1). After one 401 it gets a new token and tries
 * once more, if the body can be sent again: not a stream, of which a part is gone. `init.signal` ends the wait for a
 * token, too.
 * @throws {ServiceTokenError} when no token is available
 */
export async function fetchWithToken(
  source: Pick<ServiceTokenSource, 'getToken' | 'invalidate'>,
  url: string | URL,
  init: RequestInit = {},
  fetch: Fetch = (target, options) => globalThis.fetch(target, options)
): Promise<Response> {
  const send = (token: string) => {
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${token}`)
    return fetch(String(url), { ...init, headers })
  }
  const token = await withSignal(source.getToken(), init.signal)
  const response = await send(token)
  if (response.status !== 401) return response
  source.invalidate(token)
  if (!canBeSentAgain(init.body)) return response
  // Frees the connection; this response is not read.
  response.body?.cancel().catch(() => {})
  return send(await withSignal(source.getToken(), init.signal))
}

function canBeSentAgain(body: RequestInit['body']): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true
  const kinds = [ArrayBuffer, URLSearchParams, Blob, FormData]
  return ArrayBuffer.isView(body) || kinds.some((kind) => body instanceof kind)
}

async function withSignal(token: Promise<string>, signal: AbortSignal | null | undefined): Promise<string> {
  if (!signal) return token
  token.catch(() => {})
  signal.throwIfAborted()
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  return Promise.race([token, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
}
