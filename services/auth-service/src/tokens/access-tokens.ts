import { randomUUID } from 'node:crypto'
import { InvalidRequestError } from '@countersign/oauth'
import {
  type AccessTokenClaims,
  type ActorClaim,
  accessTokenType,
  maxTokenLength,
  signingAlgorithm
} from '@countersign/verifier'
import type { SigningKey } from '../keys/signing-keys.ts'
import { signCompactJws } from './compact-jws.ts'
import { isReadableLength } from './readable-length.ts'

/** The longest lifetime of an access token that can be configured, in seconds. */
export const maxAccessTokenTtlSeconds = 3600

/** The content of an access token. */
export interface AccessTokenGrant {
  /** The user, or the client itself. */
  readonly subject: string
  readonly username?: string | undefined
  readonly roles?: readonly string[] | undefined
  readonly clientId: string
  /** The session, or the client's credential id: the token ends with it. */
  readonly sid: string
  /** Space-separated; empty for none. */
  readonly scope: string
  readonly audience: readonly string[]
  /** In seconds since 1970-01-01 UTC, by the database's clock, in the statement that allowed the token. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** The key that signs at that moment. */
  readonly signingKid: string
  /** Thumbprint of the key that the token is bound to (RFC 9449 §6.1). */
  readonly jkt?: string | undefined
  /** How the user signed in, and when (RFC 9068 §2.2.1). */
  readonly authentication?:
    | { readonly at: number | undefined; readonly acr: string | undefined; readonly amr: readonly string[] | undefined }
    | undefined
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly actor?: ActorClaim | undefined
}

export interface AccessTokenIssuer {
  /** Signs an access token (RFC 9068). @throws {InvalidRequestError} for one that verifiers would refuse for its length */
  issue(grant: AccessTokenGrant): Promise<string>
}

export interface AccessTokenIssuerDeps {
  issuer: string
  signingKey: (kid: string) => Promise<SigningKey>
}

export function createAccessTokenIssuer({ issuer, signingKey }: AccessTokenIssuerDeps): AccessTokenIssuer {
  return {
    async issue(grant) {
      const { kid, privateKey } = await signingKey(grant.signingKid)
      // The allow-list: these claims and no others, none of them personal except the username. `undefined` leaves one out.
      const claims: { [claim in keyof AccessTokenClaims]: AccessTokenClaims[claim] | undefined } = {
        iss: issuer,
        sub: grant.subject,
        aud: grant.audience,
        client_id: grant.clientId,
        iat: grant.issuedAt,
        exp: grant.expiresAt,
        jti: randomUUID(),
        sid: grant.sid,
        scope: grant.scope || undefined,
        roles: grant.roles,
        preferred_username: grant.username,
        cnf: grant.jkt === undefined ? undefined : { jkt: grant.jkt },
        act: grant.actor,
        auth_time: grant.authentication?.at,
        acr: grant.authentication?.acr,
        amr: grant.authentication?.amr
      }
      const token = await signCompactJws({ alg: signingAlgorithm, kid, typ: accessTokenType }, claims, privateKey)
      if (!isReadableLength(token.length)) throw tooLong(token.length)
      return token
    }
  }
}

/** Registration keeps tokens short; this check is for the rest, such as a long chain of actors. */
function tooLong(length: number): InvalidRequestError {
  return new InvalidRequestError({
    description: `The token would have ${length} characters, and verifiers accept fewer than ${maxTokenLength}. Ask for less by scope or resource.`
  })
}
