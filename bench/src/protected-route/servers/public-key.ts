import type { DecodedJwt } from 'fast-jwt'
import buildGetJwks from 'get-jwks'

/**
 * The PEM of an issuer's key by get-jwks, kept: it makes the PEM again for each token.
 * @param jwksUri at the well-known place of its origin
 */
export function createPublicKeys(jwksUri: string): (token: Pick<DecodedJwt, 'header'>) => Promise<string> {
  const domain = new URL('/', jwksUri).href
  const getJwks = buildGetJwks({ issuersWhitelist: [domain] })
  const pems = new Map<string, Promise<string>>()
  return ({ header: { kid, alg } }) => {
    const known = pems.get(kid)
    if (known) return known
    const pem = getJwks.getPublicKey({ kid, alg, domain })
    pems.set(kid, pem)
    pem.catch(() => pems.delete(kid))
    return pem
  }
}
