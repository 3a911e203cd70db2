import { ServiceTokenError, type ServiceTokenErrorCode } from './errors.ts'
import type { HeldToken } from './held-token.ts'
import { createRequestRecord } from './request-record.ts'
import { checkOptions, type ServiceTokenSourceOptions } from './source-options.ts'
import { createTokenRequest } from './token-request.ts'

/** Plain facts about a source, for health and metrics. */
export interface ServiceTokenStatus {
  /** Seconds for which the token at hand can be sent still; `null` when there is none. */
  readonly usableForSeconds: number | null
  /** Failed requests since the last token. */
  readonly consecutiveFailures: number
  /** Why the last request failed; `null` when it did not. */
  readonly lastError: ServiceTokenErrorCode | 'ERR_UNKNOWN' | null
  /** Requests that have ended since the start. */
  readonly requests: { readonly granted: number; readonly failed: number }
}

/** Where a service has its own access token from. */
export interface ServiceTokenSource {
  /**
   * A token that is valid, nearly always without a wait.
   * @throws {ServiceTokenError} when no token is available; at once while the source waits after a failure
   */
  getToken(): Promise<string>
  /** Says that a token was refused (401). The next `getToken` gets a new one, though not within a second of the last. */
  invalidate(token: string): void
  status(): ServiceTokenStatus
  /** Forgets the token, and asks for none any more. */
  close(): Promise<void>
}

/** A service whose every token is refused must not turn its requests into as many for tokens. */
const minIntervalMilliseconds = 1_000
const firstRetryMilliseconds = 2_000
/** Not longer: this is also how long callers are rejected after the token endpoint is back. */
const maxRetryMilliseconds = 5_000

/**
 * Makes a source of access tokens by the client_credentials grant with `private_key_jwt` (RFC 6749 §4.4, RFC 7523). The
 * first `getToken` asks for one; from then on it is renewed in the background at about 80 per cent of its lifetime. One
 * request is in flight at most. While renewals fail, the token serves to its end. Its timers keep no process alive.
 * @throws {TypeError} for options that cannot work
 */
export function createServiceTokenSource(options: ServiceTokenSourceOptions): ServiceTokenSource {
  const checked = checkOptions(options)
  const { clientId, clock, logger, random } = checked
  const record = createRequestRecord(logger, clientId)
  const closing = new AbortController()
  const { signal } = closing
  const request = createTokenRequest(checked, signal)
  let held: HeldToken | undefined
  let inFlight: Promise<string> | undefined
  let startedAt = Number.NEGATIVE_INFINITY
  let retryAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const usable = (): HeldToken | undefined => (held && held.remainingMilliseconds() > 0 ? held : undefined)

  const requestOnce = async (): Promise<string> => {
    await pause(startedAt + minIntervalMilliseconds - clock.monotonic(), signal)
    startedAt = clock.monotonic()
    try {
      held = await request()
      record.succeeded(held.lifetimeMilliseconds / 1000)
      renewIn(held.lifetimeMilliseconds * (0.75 + 0.1 * random()))
      return held.accessToken
    } catch (error) {
      if (signal.aborted) throw error
      record.failed(error)
      const delay = retryDelay(record.consecutiveFailures, random())
      retryAt = clock.monotonic() + delay
      renewIn(delay)
      throw error
    }
  }
  const obtain = (): Promise<string> => {
    inFlight ??= requestOnce().finally(() => {
      inFlight = undefined
    })
    return inFlight
  }
  const renewIn = (milliseconds: number): void => {
    clearTimeout(timer)
    if (signal.aborted) return
    timer = setTimeout(() => {
      // After it has expired, only a call for a token requests a new one.
      if (usable()) obtain().catch(() => {})
    }, milliseconds)
    timer.unref()
  }

  return {
    async getToken() {
      if (signal.aborted) throw signal.reason
      const token = usable()
      if (token) return token.accessToken
      if (!inFlight && record.lastError && clock.monotonic() < retryAt) throw record.lastError
      return obtain()
    },
    invalidate(token) {
      if (held?.accessToken === token) held = undefined
    },
    status() {
      const { consecutiveFailures, lastError, requests } = record
      const token = usable()
      return {
        usableForSeconds: token ? token.remainingMilliseconds() / 1000 : null,
        consecutiveFailures,
        lastError: lastError ? (lastError instanceof ServiceTokenError ? lastError.code : 'ERR_UNKNOWN') : null,
        requests
      }
    },
    async close() {
      closing.abort(new ServiceTokenError('ERR_TOKEN_SOURCE_CLOSED'))
      clearTimeout(timer)
      held = undefined
      await inFlight?.catch(() => {})
    }
  }
}

/** Doubles with each failure, and the half of it is chance. */
function retryDelay(failures: number, chance: number): number {
  const ceiling = Math.min(firstRetryMilliseconds * 2 ** Math.min(failures - 1, 16), maxRetryMilliseconds)
  return ceiling * (0.5 + 0.5 * chance)
}

/** Waits, or stops waiting when the signal is aborted. Never rejects. Somebody waits with it, so it holds the process. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || milliseconds <= 0) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end, { once: true })
  })
}
