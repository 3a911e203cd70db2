import { ServiceTokenError } from './errors.ts'
import type { ServiceTokenLogger } from './logger.ts'

/** What became of the requests for tokens: counted, and logged without repetition. */
export interface RequestRecord {
  succeeded(expiresInSeconds: number): void
  failed(error: unknown): void
  /** Since the last token. */
  readonly consecutiveFailures: number
  /** The last failure; `undefined` after a token. */
  readonly lastError: Error | undefined
  readonly requests: { readonly granted: number; readonly failed: number }
}

export function createRequestRecord(logger: ServiceTokenLogger, clientId: string): RequestRecord {
  let consecutiveFailures = 0
  let lastError: Error | undefined
  let [granted, failed] = [0, 0]
  return {
    succeeded(expiresInSeconds) {
      const fields = { client_id: clientId, expires_in: expiresInSeconds }
      if (consecutiveFailures > 0) logger.info({ ...fields, failures: consecutiveFailures }, 'service token again')
      else if (granted === 0) logger.info(fields, 'service token obtained')
      granted++
      consecutiveFailures = 0
      lastError = undefined
    },
    failed(error) {
      failed++
      consecutiveFailures++
      lastError = error instanceof Error ? error : new Error('the request for a token failed')
      // The 1st, 2nd, 4th, 8th … in a row: an outage of hours is no flood.
      if (!Number.isInteger(Math.log2(consecutiveFailures))) return
      const { code, status, oauthError } =
        error instanceof ServiceTokenError ? error : ({} as Partial<ServiceTokenError>)
      const fields = { client_id: clientId, code, status, error: oauthError, failures: consecutiveFailures }
      logger.warn({ ...fields, reason: lastError.message }, 'no service token')
    },
    get consecutiveFailures() {
      return consecutiveFailures
    },
    get lastError() {
      return lastError
    },
    get requests() {
      return { granted, failed }
    }
  }
}
