import { randomUUID } from 'node:crypto'
import { type AccessTokenClaims, accessTokenType, signingAlgorithm } from '@countersign/oauth'
import { SignJWT } from 'jose'
import type { SigningKey } from '../keys/key-ring.ts'

/** The longest lifetime of an access token that can be configured, in seconds. */
export const maxAccessTokenTtlSeconds = 3600

/** What an access token says of a session. */
export interface AccessTokenSubject {
  readonly userId: string
  readonly username: string
  readonly roles: readonly string[]
  readonly clientId: string
  readonly sessionId: string
  readonly scope: string
  readonly audience: readonly string[]
  /**
   * Seconds since 1970-01-01 UTC, by the database's clock at the statement that allowed this token: so no replica's own
   * clock, and no delay before the signature, can make a token outlive the denylist entry of its session.
   */
  readonly issuedAt: number
  /** The key that signs, as that same statement says: so no replica signs with a key that was retired or pulled before. */
  readonly signingKid: string
}

export interface AccessTokenIssuer {
  /** Signs an access token (RFC 9068). */
  issue(subject: AccessTokenSubject): Promise<string>
  readonly ttlSeconds: number
}

export interface AccessTokenIssuerDeps {
  issuer: string
  ttlSeconds: number
  signingKey: (kid: string) => Promise<SigningKey>
}

export function createAccessTokenIssuer({ issuer, ttlSeconds, signingKey }: AccessTokenIssuerDeps): AccessTokenIssuer {
  return {
    ttlSeconds,
    async issue(subject) {
      const { kid, privateKey } = await signingKey(subject.signingKid)
      // The allow-list: these claims and no other, none of them personal beyond the username.
      const claims: AccessTokenClaims = {
        iss: issuer,
        sub: subject.userId,
        aud: subject.audience,
        client_id: subject.clientId,
        iat: subject.issuedAt,
        exp: subject.issuedAt + ttlSeconds,
        jti: randomUUID(),
        sid: subject.sessionId,
        scope: subject.scope,
        roles: subject.roles,
        preferred_username: subject.username
      }
      return new SignJWT({ ...claims } as Record<string, unknown>)
        .setProtectedHeader({ alg: signingAlgorithm, kid, typ: accessTokenType })
        .sign(privateKey)
    }
  }
}
