import { OAuthError } from '@countersign/oauth'

/** How long a request waits for an answer of the issuer, in milliseconds. */
export interface WaitLimits {
  readonly ms: number
  /** And while the issuer is known to be late. */
  readonly lateMs: number
}

export interface IssuerPatience {
  /** @returns the answer, or `late` when it takes longer; what was asked goes on all the same */
  waitFor<T>(answer: Promise<T>, limits: WaitLimits): Promise<T | typeof late>
}

/** Stands for an answer that has not come in time. */
export const late = Symbol('late')

/**
 * Remembers whether the issuer keeps requests waiting. One that hangs costs a few of them their patience, and the others next
 * to nothing until it has answered something again.
 */
export function createIssuerPatience(): IssuerPatience {
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
