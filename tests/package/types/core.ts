/** What the compiler of a project with the core alone refuses and allows. */
import {
  type AccessTokenVerifier,
  createAccessTokenVerifier,
  createRequestGuard,
  takeAccessToken,
  toHttpResponse,
  type VerifiedAccessToken,
  VerifierError
} from '@countersign/verifier'

const options = { issuer: 'https://auth.example.com', audience: 'https://api.example.com', revocations: null }

export const verifier: AccessTokenVerifier = createAccessTokenVerifier(options)
export const others = createAccessTokenVerifier({ ...options, audience: ['a', 'b'], jwksUri: undefined })

// @ts-expect-error to accept revoked tokens has to be spelled out
createAccessTokenVerifier({ issuer: 'https://auth.example.com', audience: 'https://api.example.com' })
// @ts-expect-error an audience is always wanted
createAccessTokenVerifier({ issuer: 'https://auth.example.com', revocations: null })
// @ts-expect-error null is not what makes a token good for any audience
createAccessTokenVerifier({ ...options, audience: null })
// @ts-expect-error there is one algorithm, and no option for another
createAccessTokenVerifier({ ...options, algorithms: ['HS256'] })
// @ts-expect-error nothing of these names is among the policies
void verifier.verify('token', { whenStale: 'ignore' })
// @ts-expect-error a header is not yet a token: it may be missing
void verifier.verify(undefined as string | undefined)
// @ts-expect-error a guard has to know where a request has its headers
createRequestGuard<Request>(verifier, {})

export async function read(headers: readonly string[]): Promise<string | undefined> {
  try {
    const claims: VerifiedAccessToken = await verifier.verify(takeAccessToken({ authorization: headers }).token)
    // @ts-expect-error claims are frozen
    claims.sub = 'somebody else'
    // @ts-expect-error claims of others are of a type that has to be found out
    const tenant: string = claims.tenant
    return tenant ?? claims.sub
  } catch (error) {
    if (error instanceof VerifierError) return toHttpResponse(error).headers['WWW-Authenticate']
    throw error
  }
}
