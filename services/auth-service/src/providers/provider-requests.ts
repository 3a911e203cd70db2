import type { CustomFetch } from 'openid-client'
import type { OutboundFetch } from '../outbound/outbound-fetch.ts'
import { ProviderUnavailableError } from './provider-errors.ts'

/** For all requests of one step of a sign-in together. The bff-service waits for ten seconds. */
const stepTimeoutMs = 8_000
const requestTimeoutMs = 5_000
const maxBytes = 256 * 1024

/** `fetch` for openid-client: bounded, and only to addresses that may be requested. @throws {ProviderUnavailableError} */
export function createProviderFetch(outboundFetch: OutboundFetch): CustomFetch {
  return async (url, { method, headers, body }) => {
    if (body != null && typeof body !== 'string' && !(body instanceof URLSearchParams))
      throw new TypeError('Only text is sent to a provider.')
    const { host } = new URL(url)
    const { status, ...response } = await outboundFetch(url, {
      method,
      headers,
      ...(body != null && { body: body.toString() }),
      timeoutMs: requestTimeoutMs,
      maxBytes
    }).catch((cause) => {
      throw new ProviderUnavailableError(`no response from ${host}`, cause)
    })
    if (status >= 500 || status === 429) throw new ProviderUnavailableError(`${host} responded with ${status}`)
    const pairs = Object.entries(response.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one])
    )
    return new Response(Uint8Array.from(response.body), { status, headers: pairs })
  }
}

/**
 * Bounds a step of a sign-in, however many requests it makes.
 * @throws {ProviderUnavailableError} when a request got no response, or all of them together took too long
 */
export async function inTime<T>(step: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ProviderUnavailableError('the provider took too long')), stepTimeoutMs)
  })
  try {
    return await Promise.race([step, late])
  } catch (error) {
    throw unavailableCauseOf(error) ?? error
  } finally {
    clearTimeout(timer)
  }
}

/** openid-client wraps what its `fetch` throws. */
function unavailableCauseOf(error: unknown): ProviderUnavailableError | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause instanceof ProviderUnavailableError) return cause
  }
  return undefined
}
