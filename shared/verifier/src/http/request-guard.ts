import { VerifierError } from '../errors.ts'
import type { VerifierLogger } from '../logger.ts'
import { checkHttpUrl, checkMethods, checkOneOf, checkScope } from '../option-checks.ts'
import { type StalePolicy, stalePolicies } from '../revocation/revocations.ts'
import type { VerifiedAccessToken } from '../token/claims.ts'
import type { AccessTokenVerifier, VerifyOptions } from '../token/verifier.ts'
import { type AccessTokenRequest, type AccessTokenScheme, schemeOf, takeAccessToken } from './presented-token.ts'
import { type HttpResponse, toHttpResponse } from './responses.ts'

/** Where a framework's request keeps what a guard looks at. Each is asked for only when it is needed. */
export interface RequestReader<R> {
  /** Every `Authorization` header as received, not joined and none dropped. */
  authorization(request: R): readonly string[]
  /** Every `DPoP` header as received. */
  dpop(request: R): readonly string[]
  /** The query string without its `?`. */
  queryString(request: R): string | undefined
  /** The parsed form, if a body parser ran before. A JSON body is no form. */
  form(request: R): unknown
  /** In capitals, as on the wire. */
  method(request: R): string
  /** The URL that the client used, as far as the request tells. */
  url(request: R): string
  /** Its path alone, not shortened by a router that the app is mounted in. */
  path(request: R): string
}

/** How requests are let in. */
export interface RequestGuardOptions<R> {
  /** Another policy than the verifier's own, for the routes behind this guard. */
  readonly whenStale?: StalePolicy | undefined
  /**
   * Where clients reach this app, such as `https://api.example.com`: a DPoP proof has to be for this and the path of the
   * request. Without it, the origin is taken from the request, which is as good as its `Host` header: name it wherever
   * another service may get the same tokens.
   */
  readonly publicUrl?: string | undefined
  /** URL of this service's metadata, part of each challenge (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined
  /**
   * The scopes that a client without a valid token has to ask for, part of its challenge (RFC 6750 §3). It is what MCP clients request; which
   * scopes a route needs is up to `requireScope`.
   */
  readonly challengeScopes?: readonly string[] | undefined
  /** Gets the detail of each refusal; never a token. A function picks the logger of a request. */
  readonly logger?: RequestLogger<R> | undefined
}

/** A logger, or what picks the one of a request. */
export type RequestLogger<R> = VerifierLogger | ((request: R) => VerifierLogger)

/** What stands between the requests of a framework and a verifier: all that an adapter does not have to know itself. */
export interface RequestGuard<R> {
  /**
   * Lets a request in by its access token. A token that the verifier has cached is verified at once, without a promise.
   *
   * @throws {VerifierError} at once or as a rejection, for `refuse`.
   */
  admit(request: R): VerifiedAccessToken | Promise<VerifiedAccessToken>
  /**
   * The response to a rejected request; logs the detail.
   *
   * @throws `error` itself, when it is no `VerifierError`.
   */
  refuse(request: R, error: unknown): HttpResponse
}

/**
 * Makes a guard (RFC 6750, RFC 9449 §7.1), for a framework that has no adapter here. A mistake in the options is a
 * `TypeError`.
 *
 * @example
 * ```ts
 * try {
 *   const claims = await guard.admit(request)
 *   // …
 * } catch (error) {
 *   const { status, headers, body } = guard.refuse(request, error)
 *   response.writeHead(status, { ...headers, 'Content-Type': 'application/json' }).end(JSON.stringify(body))
 * }
 * ```
 */
export function createRequestGuard<R>(
  verifier: AccessTokenVerifier,
  reader: RequestReader<R>,
  options: RequestGuardOptions<R> = {}
): RequestGuard<R> {
  checkMethods('verifier', verifier, ['check'])
  const { logger, whenStale } = options
  if (whenStale !== undefined) checkOneOf('whenStale', whenStale, stalePolicies)
  const resourceMetadata = options.resourceMetadata && checkHttpUrl('resourceMetadata', options.resourceMetadata).href
  const publicUrl = options.publicUrl === undefined ? undefined : checkPublicUrl(options.publicUrl)
  const scopes = options.challengeScopes?.map((scope) => checkScope('challengeScopes', scope))
  const bearerOptions: VerifyOptions = Object.freeze({ whenStale })
  const challengeOptions: Record<AccessTokenScheme, object> = {
    Bearer: Object.freeze({ resourceMetadata, scopes }),
    DPoP: Object.freeze({ resourceMetadata, scopes, scheme: 'DPoP' })
  }

  const partsOf = (request: R): AccessTokenRequest => {
    const authorization = reader.authorization(request)
    return {
      authorization,
      dpop: schemeOf(authorization[0]) === 'DPoP' ? reader.dpop(request) : undefined,
      queryString: reader.queryString(request),
      form: reader.form(request)
    }
  }

  return {
    admit(request) {
      const presented = takeAccessToken(partsOf(request))
      if (presented.scheme === 'Bearer') return verifier.check(presented.token, bearerOptions)
      const url = publicUrl === undefined ? reader.url(request) : publicUrl + reader.path(request)
      const dpop = { proof: presented.proof, method: reader.method(request), url }
      return verifier.check(presented.token, { whenStale, dpop })
    },
    refuse(request, error) {
      if (!(error instanceof VerifierError)) throw error
      const response = toHttpResponse(error, challengeOptions[schemeOf(reader.authorization(request)[0]) ?? 'Bearer'])
      const { code, detail, cause } = error
      const log = typeof logger === 'function' ? logger(request) : logger
      const fields = { code, detail, ...(cause !== undefined && { err: cause }) }
      log?.[response.status === 503 ? 'warn' : 'info'](fields, 'access token refused')
      return response
    }
  }
}

function checkPublicUrl(publicUrl: string): string {
  const { search, href } = checkHttpUrl('publicUrl', publicUrl)
  if (search !== '') throw new TypeError('publicUrl must not have a query')
  return href.replace(/\/$/, '')
}
