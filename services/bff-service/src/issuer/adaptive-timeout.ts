import { OAuthError } from '@countersign/oauth'

/** How long a request waits for an answer of the issuer, in milliseconds. */
export interface WaitLimits {
  readonly ms: number
  /** And while the issuer is known to be late. */
  readonly lateMs: number
}

export interface AdaptiveTimeout {
  /** @returns the answer, or `late` when it takes longer; what was asked goes on all the same */
  waitFor<T>(answer: Promise<T>, limits: WaitLimits): Promise<T | typeof late>
}

/** Stands for an answer that has not come in time. */
export const late = Symbol('late')

/** A timeout that is short once the issuer has missed one, until it responds again: one that hangs delays few requests. */
export function createAdaptiveTimeout(): AdaptiveTimeout {
  let isLate = false
  return {
    waitFor(answer, { ms, lateMs }) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => {
            isLate = true
            resolve(late)
          },
          isLate ? lateMs : ms
        )
        answer
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
