import { generateKeyPairSync } from 'node:crypto'
import { type JWK, type JWTPayload, jwtVerify } from 'jose'
import { vi } from 'vitest'
import type { Clock, ServiceTokenSourceOptions } from '../../src/index.ts'

export const issuer = 'https://auth.example.com'
export const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
export const jwk = pair.privateKey.export({ format: 'jwk' }) as JWK

export const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json; charset=utf-8' } })

export const grant = (accessToken: string, expires_in = 600) =>
  json({ access_token: accessToken, token_type: 'Bearer', expires_in })

export interface TokenRequest {
  readonly url: string
  readonly form: URLSearchParams
  readonly init: RequestInit
  respond(response: Response | Error): void
}

/** A token endpoint whose responses a test gives one by one. */
export function createTokenEndpoint() {
  const requests: TokenRequest[] = []
  const fetch = (url: string, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      const respond = (given: Response | Error) => (given instanceof Error ? reject(given) : resolve(given))
      requests.push({ url, form: new URLSearchParams(String(init.body)), init, respond })
    })
  /** The nth request, from 1 on, once it is there. */
  const request = async (nth: number): Promise<TokenRequest> => {
    await until(() => requests.length >= nth)
    return requests[nth - 1] as TokenRequest
  }
  return { fetch, requests, request }
}

/** Signatures are made in other threads, so that only their results can be waited for. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('what was waited for has not happened')
    await turn()
  }
}

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Long enough for a request that must not be made to be made. */
export async function quiet(): Promise<void> {
  const until = performance.now() + 30
  while (performance.now() < until) await turn()
}

/** A clock, and the timers with it. Call `vi.useRealTimers()` afterwards. */
export function createFakeTime() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let now = Date.UTC(2026, 0, 1)
  let monotonic = 1000
  const clock: Clock = { now: () => now, monotonic: () => monotonic }
  return {
    clock,
    advance(milliseconds: number) {
      now += milliseconds
      monotonic += milliseconds
      vi.advanceTimersByTime(milliseconds)
    },
    /** The machine sleeps: only the wall clock goes on. */
    sleep(milliseconds: number) {
      now += milliseconds
    }
  }
}

export function sourceOptions(given: Partial<ServiceTokenSourceOptions>): ServiceTokenSourceOptions {
  return { issuer, clientId: 'orders', privateKey: pem, random: () => 0.5, ...given }
}

/** Verifies a client assertion, and gives its header and claims. */
export async function readAssertion(
  { form }: TokenRequest,
  { now }: Pick<Clock, 'now'>
): Promise<{ header: Record<string, unknown>; claims: JWTPayload }> {
  const { protectedHeader, payload } = await jwtVerify(form.get('client_assertion') as string, pair.publicKey, {
    currentDate: new Date(now())
  })
  return { header: { ...protectedHeader }, claims: payload }
}
