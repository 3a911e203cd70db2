import type { Context, Middleware } from 'koa'
import type { VerifiedAccessToken } from '../access-token-claims.ts'
import type { AccessTokenVerifier } from '../access-token-verifier.ts'
import { headerValues, takeBearerToken } from '../bearer-token.ts'
import { checkHttpUrl, checkMethods, checkOneOf } from '../option-checks.ts'
import { type StalePolicy, stalePolicies } from '../revocations.ts'
import { passOrRefuse, type RequestLogger, refusalOptions } from './refusal.ts'

/** What `requireAccessToken` leaves in `ctx.state`. */
export interface AccessTokenState {
  /** The verified claims, deeply frozen. */
  accessToken: VerifiedAccessToken
}

export interface RequireAccessTokenOptions {
  /** Another policy than the verifier's own, for the routes behind this middleware. */
  readonly whenStale?: StalePolicy | undefined
  /** URL of this service's metadata, told in each challenge (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined
  /** Gets the detail of each refusal; never a token. A function picks the logger of a request. */
  readonly logger?: RequestLogger | undefined
}

/**
 * Lets a request pass only with a good access token, whose claims it puts into `ctx.state.accessToken`. Everything else
 * it answers itself: 400, 401 or 503 (RFC 6750 §3), with a JSON body.
 */
export function requireAccessToken(
  verifier: AccessTokenVerifier,
  options: RequireAccessTokenOptions = {}
): Middleware<AccessTokenState> {
  checkMethods('verifier', verifier, ['verify'])
  const { logger, whenStale } = options
  if (whenStale !== undefined) checkOneOf('whenStale', whenStale, stalePolicies)
  const resourceMetadata = options.resourceMetadata && checkHttpUrl('resourceMetadata', options.resourceMetadata).href
  const refusal = Object.freeze({ logger, resourceMetadata })

  return (ctx, next) => {
    Object.defineProperty(ctx.state, refusalOptions, { value: refusal, configurable: true })
    return passOrRefuse(ctx, next, refusal, async () => {
      const token = takeBearerToken({
        authorization: headerValues(ctx.req.rawHeaders, 'authorization'),
        queryString: ctx.querystring,
        form: parsedForm(ctx)
      })
      ctx.state.accessToken = await verifier.verify(token, { whenStale })
    })
  }
}

/** The form, if a body parser ran before. A JSON body may have a member `access_token`; it is no form. */
function parsedForm(ctx: Context): unknown {
  return ctx.is('urlencoded', 'multipart') ? (ctx.request as { body?: unknown }).body : undefined
}
