import type { Context, Middleware } from 'koa'
import type { VerifiedAccessToken } from '../access-token-claims.ts'
import type { AccessTokenVerifier, VerifyOptions } from '../access-token-verifier.ts'
import { checkHttpUrl, checkMethods, checkOneOf } from '../option-checks.ts'
import { type AccessTokenRequest, headerValues, takeAccessToken } from '../presented-token.ts'
import { type StalePolicy, stalePolicies } from '../revocations.ts'
import { passOrRefuse, type RequestLogger, setRefusalOptions } from './refusal.ts'

/** What `requireAccessToken` leaves in `ctx.state`. */
export interface AccessTokenState {
  /** The verified claims, deeply frozen. */
  accessToken: VerifiedAccessToken
}

export interface RequireAccessTokenOptions {
  /** Another policy than the verifier's own, for the routes behind this middleware. */
  readonly whenStale?: StalePolicy | undefined
  /**
   * Where clients reach this app, such as `https://api.example.com`: a DPoP proof has to be for this and the path of the
   * request. Without it, the origin is taken from the request (`ctx.origin`), which is as good as its `Host` header: name it
   * wherever another service may get the same tokens.
   */
  readonly publicUrl?: string | undefined
  /** URL of this service's metadata, told in each challenge (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined
  /** Gets the detail of each refusal; never a token. A function picks the logger of a request. */
  readonly logger?: RequestLogger | undefined
}

/**
 * Lets a request pass only with a good access token, whose claims it puts into `ctx.state.accessToken`. Everything else
 * it answers itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body.
 */
export function requireAccessToken(
  verifier: AccessTokenVerifier,
  options: RequireAccessTokenOptions = {}
): Middleware<AccessTokenState> {
  checkMethods('verifier', verifier, ['verify'])
  const { logger, whenStale } = options
  if (whenStale !== undefined) checkOneOf('whenStale', whenStale, stalePolicies)
  const resourceMetadata = options.resourceMetadata && checkHttpUrl('resourceMetadata', options.resourceMetadata).href
  const publicUrl = options.publicUrl === undefined ? undefined : checkPublicUrl(options.publicUrl)
  const refusals = {
    Bearer: Object.freeze({ logger, resourceMetadata }),
    DPoP: Object.freeze({ logger, resourceMetadata, scheme: 'DPoP' as const })
  }
  const bearerOptions: VerifyOptions = Object.freeze({ whenStale })

  return (ctx, next) => {
    setRefusalOptions(ctx, refusals.Bearer)
    return passOrRefuse(ctx, next, async () => {
      const presented = takeAccessToken(accessTokenRequest(ctx))
      if (presented.scheme === 'Bearer') {
        ctx.state.accessToken = await verifier.verify(presented.token, bearerOptions)
        return
      }
      setRefusalOptions(ctx, refusals.DPoP)
      const dpop = { proof: presented.proof, method: ctx.method, url: targetUrl(ctx, publicUrl) }
      ctx.state.accessToken = await verifier.verify(presented.token, { whenStale, dpop })
    })
  }
}

function accessTokenRequest(ctx: Context): AccessTokenRequest {
  return {
    authorization: headerValues(ctx.req.rawHeaders, 'authorization'),
    dpop: ctx.headers.dpop === undefined ? [] : headerValues(ctx.req.rawHeaders, 'dpop'),
    queryString: ctx.querystring,
    form: parsedForm(ctx)
  }
}

function checkPublicUrl(publicUrl: string): string {
  const { search, href } = checkHttpUrl('publicUrl', publicUrl)
  if (search !== '') throw new TypeError('publicUrl must not have a query')
  return href.replace(/\/$/, '')
}

/** The URL that the client used. Not `ctx.path`, of which a mounted app sees only its part. */
function targetUrl(ctx: Context, publicUrl: string | undefined): string {
  if (publicUrl === undefined) return ctx.href
  const path = /^(?:[a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(ctx.originalUrl)?.[1]
  return publicUrl + path
}

/** The form, if a body parser ran before. A JSON body may have a member `access_token`; it is no form. */
function parsedForm(ctx: Context): unknown {
  return ctx.is('urlencoded', 'multipart') ? (ctx.request as { body?: unknown }).body : undefined
}
