import { OAuthError } from '@countersign/oauth'

/** How long a request waits for a response of the issuer, in milliseconds. */
export interface WaitLimits {
  readonly ms: number
  /** The same, while the issuer is known to be slow. */
  readonly lateMs: number
}

export interface AdaptiveTimeout {
  /** @returns the response, or `late` when it takes longer; the call itself continues */
  waitFor<T>(response: Promise<T>, limits: WaitLimits): Promise<T | typeof late>
}

/** Stands for a response that did not come in time. */
export const late = Symbol('late')

/** A timeout that is short after the issuer missed one, until it responds again: so a hanging issuer delays few requests. */
export function createAdaptiveTimeout(): AdaptiveTimeout {
  let isLate = false
  return {
    waitFor(response, { ms, lateMs }) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => {
            isLate = true
            resolve(late)
          },
          isLate ? lateMs : ms
        )
        response
          .then(
            (value) => {
              isLate = false
              resolve(value)
            },
            (error) => {
              if (error instanceof OAuthError && error.status < 500) isLate = false
              reject(error)
            }
          )
          .finally(() => clearTimeout(timer))
      })
    }
  }
}
