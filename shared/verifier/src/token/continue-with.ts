import type { VerifiedAccessToken } from './claims.ts'

/** Passes the claims on: in this very tick when they are there, or once the promise of them is kept. */
export function continueWith<T>(
  claims: VerifiedAccessToken | PromiseLike<VerifiedAccessToken>,
  pass: (claims: VerifiedAccessToken) => T,
  refuse?: (error: unknown) => T
): T | PromiseLike<Awaited<T>> {
  return isPromise(claims) ? (claims.then(pass, refuse) as PromiseLike<Awaited<T>>) : pass(claims)
}

/** Claims come from JSON and hold no function, so no promise of whatever library is taken for claims. */
function isPromise(
  claims: VerifiedAccessToken | PromiseLike<VerifiedAccessToken>
): claims is PromiseLike<VerifiedAccessToken> {
  return typeof claims.then === 'function'
}
