import type { VerifiedAccessToken } from './claims.ts'

/** Passes the claims on: in this very tick when they are there, or else once the promise of them is kept. */
export function continueWith<T>(
  claims: VerifiedAccessToken | Promise<VerifiedAccessToken>,
  pass: (claims: VerifiedAccessToken) => T,
  refuse?: (error: unknown) => T
): T | Promise<T> {
  return isPromise(claims) ? claims.then(pass, refuse) : pass(claims)
}

/** Claims come from JSON and hold no function, so no promise of any library is taken for claims. */
function isPromise(claims: VerifiedAccessToken | Promise<VerifiedAccessToken>): claims is Promise<VerifiedAccessToken> {
  return typeof (claims as VerifiedAccessToken).then === 'function'
}
