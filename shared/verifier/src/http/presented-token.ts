import { BearerRequestError, DpopProofError, TokenMissingError } from '../errors.ts'

/** The schemes under which an access token is taken (RFC 6750 §2.1, RFC 9449 §7.1). */
export type AccessTokenScheme = 'Bearer' | 'DPoP'

/** The places of a request where a token, and a proof for it, may be. */
export interface AccessTokenRequest {
  /** Every `Authorization` header as received, not joined and none dropped. */
  readonly authorization: readonly string[]
  /** Every `DPoP` header as received. Looked at for the scheme `DPoP` alone. */
  readonly dpop?: readonly string[] | undefined
  /** The query string without its `?`. */
  readonly queryString?: string | undefined
  /** The parsed form body, when there is one. */
  readonly form?: unknown
}

/** The one token of a request. Nothing of it is verified. */
export type PresentedToken =
  | { readonly scheme: 'Bearer'; readonly token: string }
  | { readonly scheme: 'DPoP'; readonly token: string; readonly proof: string }

const knownScheme = /^(bearer|dpop)(?:[ \t,]|$)/i

/**
 * Reads the one access token of a request. Only the header method is supported (RFC 6750 §2.1); a token in the query or
 * in a form, with or without one in the header, is refused as `invalid_request` (§3.1), since URLs end up in logs.
 *
 * @throws {TokenMissingError} when there is no token, or the credentials are of another scheme.
 * @throws {BearerRequestError} when there are several, or one where it must not be.
 * @throws {DpopProofError} when the scheme is `DPoP` and there is not exactly one proof (RFC 9449 §4.3).
 */
export function takeAccessToken(request: AccessTokenRequest): PresentedToken {
  if (hasFormToken(request.form)) throw new BearerRequestError({ detail: 'access_token in the form body' })
  if (hasQueryToken(request.queryString)) throw new BearerRequestError({ detail: 'access_token in the query' })
  const header = request.authorization[0]
  if (header === undefined) throw new TokenMissingError({ detail: 'no Authorization header' })
  if (request.authorization.length > 1) throw new BearerRequestError({ detail: 'several Authorization headers' })
  const scheme = schemeOf(header)
  if (scheme === undefined) throw new TokenMissingError({ detail: 'Authorization is of another scheme' })
  const token = credentialsOf(header, scheme)
  if (token === undefined) {
    throw new BearerRequestError({ detail: `Authorization: ${scheme} with no or several tokens` })
  }
  if (scheme === 'Bearer') return { scheme, token }
  return { scheme, token, proof: takeProof(request.dpop ?? []) }
}

/** The scheme of an `Authorization` header, if it is one under which an access token is taken. */
export function schemeOf(authorization: string | undefined): AccessTokenScheme | undefined {
  // As nearly everybody writes it: a regular expression takes longer.
  if (authorization?.startsWith('Bearer ')) return 'Bearer'
  const name = knownScheme.exec(authorization ?? '')?.[1]
  return name === undefined ? undefined : name.length === 'Bearer'.length ? 'Bearer' : 'DPoP'
}

/** What follows the scheme and its spaces, unless that is nothing or more than one. */
function credentialsOf(header: string, { length }: AccessTokenScheme): string | undefined {
  let start = length
  while (header[start] === ' ') start++
  const token = header.slice(start)
  const isOne = start > length && token !== '' && !token.includes(' ') && !token.includes(',') && !token.includes('\t')
  return isOne ? token : undefined
}

function takeProof([proof, ...others]: readonly string[]): string {
  if (proof === undefined) throw new DpopProofError({ detail: 'no DPoP header' })
  if (others.length > 0) throw new DpopProofError({ detail: 'several DPoP headers' })
  return proof
}

/** The headers of a request as Node has them. */
export interface NodeHeaders {
  /** Names and values in turn, as received. Frameworks that build a request of their own may leave it empty. */
  readonly rawHeaders?: readonly string[] | undefined
  /** Names are in lower case. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined
}

/**
 * Every value of a header of a Node request: out of `rawHeaders`, since the parsed form drops all `Authorization` headers
 * but one. A request without raw headers, such as one that serverless-http builds, has the parsed form alone.
 *
 * @param name in lower case
 * @throws {TypeError} when the request has neither: no token could ever be read there.
 */
export function headerValues({ rawHeaders, headers }: NodeHeaders, name: string): readonly string[] {
  if (rawHeaders === undefined || rawHeaders.length === 0) return parsedValues(headers, name)
  // An array that grows takes longer than all the rest, and nearly every header is there once.
  let values: string[] | undefined
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const header = rawHeaders[at] as string
    if (header.length !== name.length || header.toLowerCase() !== name) continue
    const value = rawHeaders[at + 1] as string
    if (values === undefined) values = [value]
    else values.push(value)
  }
  return values ?? []
}

/** Hosts that build requests themselves may keep the case of names, or hold a `Headers` of the Fetch standard. */
function parsedValues(headers: unknown, name: string): readonly string[] {
  if (typeof headers !== 'object' || headers === null) throw new TypeError(unreadableRequest)
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers)
  return entries.flatMap(([key, value]: [string, unknown]) => (key.toLowerCase() === name ? valuesOf(value) : []))
}

const unreadableRequest =
  'the request has neither rawHeaders nor headers, so that no access token can be read: this host cannot run the verifier'

/** Not the string of anything else, which could be a token that was not sent. */
function valuesOf(value: unknown): readonly string[] {
  const values = Array.isArray(value) ? value : [value]
  return values.filter((one) => typeof one === 'string')
}

/** The query of a request target, without its `?`; `undefined` when there is none. */
export function queryOf(target: string | undefined): string | undefined {
  const at = target?.indexOf('?') ?? -1
  return at === -1 ? undefined : target?.slice(at + 1)
}

/** The path of a request target, be it in origin-form or in absolute-form (RFC 9112 §3.2). */
export function pathOf(target: string): string {
  return /^(?:[a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(target)?.[1] ?? '/'
}

function hasQueryToken(queryString: string | undefined): boolean {
  // What is neither there nor encoded need not be parsed.
  if (!queryString || !(queryString.includes('access_token') || queryString.includes('%'))) return false
  return new URLSearchParams(queryString).has('access_token')
}

function hasFormToken(form: unknown): boolean {
  return typeof form === 'object' && form !== null && Object.hasOwn(form, 'access_token')
}
