import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { SigningKey } from './private-key.ts'

/** The value of `client_assertion_type` (RFC 7523 §2.2). */
export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Long enough for clocks that are not quite right, short enough to be worthless to a finder. */
const lifetimeSeconds = 60

export interface ClientAssertionOptions {
  readonly clientId: string
  /** The issuer's identifier: one string, so that no other server accepts the assertion. */
  readonly audience: string
  readonly signingKey: SigningKey
  readonly keyId: string | undefined
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: number
}

/** Signs a client assertion (RFC 7523 §2.2, §3), which is valid for one request. */
export function signClientAssertion(options: ClientAssertionOptions): Promise<string> {
  const { clientId, audience, signingKey, keyId, now } = options
  const issuedAt = Math.floor(now / 1000)
  return new SignJWT()
    .setProtectedHeader({
      alg: signingKey.algorithm,
      typ: 'client-authentication+jwt',
      ...(keyId === undefined ? {} : { kid: keyId })
    })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .setJti(randomUUID())
    .sign(signingKey.key)
}
