import { BearerRequestError, TokenMissingError } from './errors.ts'

/** The places of a request where a token may be. */
export interface BearerRequest {
  /** Every `Authorization` header as received, not joined and none dropped. */
  readonly authorization: readonly string[]
  /** The query string without its `?`. */
  readonly queryString?: string | undefined
  /** The parsed form body, when there is one. */
  readonly form?: unknown
}

const bearer = /^bearer(?: +([^ \t,]+))?$/i
const isBearer = /^bearer(?:[ \t,]|$)/i

/**
 * Takes the one access token out of a request. Only the header method is taken (RFC 6750 §2.1); a token in the query or
 * in a form, with or without one in the header, is refused as `invalid_request` (§3.1), since URLs end up in logs.
 *
 * @throws {TokenMissingError} when there is no token, or the credentials are of another scheme.
 * @throws {BearerRequestError} when there are several, or one where it must not be.
 */
export function takeBearerToken(request: BearerRequest): string {
  if (hasFormToken(request.form)) throw new BearerRequestError({ detail: 'access_token in the form body' })
  if (hasQueryToken(request.queryString)) throw new BearerRequestError({ detail: 'access_token in the query' })
  const [header, ...others] = request.authorization
  if (header === undefined) throw new TokenMissingError({ detail: 'no Authorization header' })
  if (others.length > 0) throw new BearerRequestError({ detail: 'several Authorization headers' })
  if (!isBearer.test(header)) throw new TokenMissingError({ detail: 'Authorization is of another scheme' })
  const token = bearer.exec(header)?.[1]
  if (token === undefined) throw new BearerRequestError({ detail: 'Authorization: Bearer with no or several tokens' })
  return token
}

/** Every value of a header in Node's `rawHeaders`, whose parsed form drops all `Authorization` headers but one. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? '')
  }
  return values
}

function hasQueryToken(queryString: string | undefined): boolean {
  return !!queryString && new URLSearchParams(queryString).has('access_token')
}

function hasFormToken(form: unknown): boolean {
  return typeof form === 'object' && form !== null && Object.hasOwn(form, 'access_token')
}
