import type { VerifiedAccessToken } from '../token/claims.ts'

/** A request of a framework that keeps what it knows of a request on the request itself. */
export interface AdmittedRequest {
  /** The verified claims, deeply frozen. Absent where no `requireAccessToken` came before. */
  accessToken?: VerifiedAccessToken | undefined
}

/**
 * The verified claims of a request, for a route that stands behind `requireAccessToken`.
 *
 * @throws {TypeError} when no `requireAccessToken` came before: a route without protection must fail.
 */
export function accessTokenOf(request: AdmittedRequest): VerifiedAccessToken {
  const { accessToken } = request
  if (!accessToken) throw new TypeError('accessTokenOf belongs behind requireAccessToken')
  return accessToken
}
