import { signingAlgorithm } from '@countersign/verifier'
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose'
import type { SigningKeys } from '../keys/signing-keys.ts'
import { signCompactJws } from './compact-jws.ts'
import type { IdentityScope } from './identity-scopes.ts'

/** What an ID token says (OpenID Connect Core §2). */
export interface IdTokenGrant {
  readonly subject: string
  readonly clientId: string
  /** The session that the client got. */
  readonly sid: string
  readonly nonce?: string | undefined
  readonly authentication: { readonly at: number; readonly acr: string; readonly amr: readonly string[] }
  readonly user: UserClaims
  /** In seconds since 1970-01-01 UTC. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly signingKid: string
}

/** What a client learns of its user, by scope (OpenID Connect Core §5.4). */
export interface UserClaims {
  readonly name?: string
  readonly preferred_username?: string
  readonly email?: string
  readonly email_verified?: true
}

export interface IdTokens {
  issue(grant: IdTokenGrant): Promise<string>
  /** @returns the user of an ID token of this client, expired or not; `undefined` for anything else (`id_token_hint`) */
  readHint(token: string, clientId: string): Promise<string | undefined>
  /** Reads an ID token of any client, expired or not. */
  readAnyHint(token: string): Promise<IdTokenHint>
}

/** What an ID token that comes back names. `unknown_key`: the key of its signature is not known, perhaps not any more. */
export type IdTokenHint =
  | { readonly outcome: 'verified'; readonly userId: string; readonly clientId: string; readonly sessionId: string }
  | { readonly outcome: 'unknown_key' | 'invalid' }

export interface IdTokenDeps {
  issuer: string
  signingKeys: Pick<SigningKeys, 'signingKey' | 'published'>
}

/** The header that tells ID tokens from all other tokens. */
const idTokenType = 'JWT'

export function createIdTokens({ issuer, signingKeys }: IdTokenDeps): IdTokens {
  return {
    async issue({ subject, clientId, sid, nonce, authentication, user, issuedAt, expiresAt, signingKid }) {
      const { kid, privateKey } = await signingKeys.signingKey(signingKid)
      const claims = {
        iss: issuer,
        sub: subject,
        aud: clientId,
        iat: issuedAt,
        exp: expiresAt,
        auth_time: authentication.at,
        nonce,
        acr: authentication.acr,
        amr: authentication.amr,
        sid,
        ...user
      }
      return signCompactJws({ alg: signingAlgorithm, kid, typ: idTokenType }, claims, privateKey)
    },
    async readHint(token, clientId) {
      const hint = await readAnyHint(token)
      return hint.outcome === 'verified' && hint.clientId === clientId ? hint.userId : undefined
    },
    readAnyHint
  }

  async function readAnyHint(token: string): Promise<IdTokenHint> {
    const { body } = await signingKeys.published()
    try {
      const keys = createLocalJWKSet(JSON.parse(body) as JSONWebKeySet)
      const { payload, protectedHeader } = await compactVerify(token, keys, { algorithms: [signingAlgorithm] })
      const { iss, aud, sub, sid } = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>
      const isOurs = protectedHeader.typ === idTokenType && iss === issuer
      return isOurs && typeof sub === 'string' && typeof aud === 'string' && typeof sid === 'string'
        ? { outcome: 'verified', userId: sub, clientId: aud, sessionId: sid }
        : { outcome: 'invalid' }
    } catch (error) {
      return { outcome: error instanceof errors.JWKSNoMatchingKey ? 'unknown_key' : 'invalid' }
    }
  }
}

export function userClaims(
  { name, username, email }: { readonly name: string; readonly username: string; readonly email: string | null },
  scopes: readonly IdentityScope[]
): UserClaims {
  return {
    ...(scopes.includes('profile') && { name, preferred_username: username }),
    // An address that nobody has proven would let its user into somebody else's account at the client.
    ...(scopes.includes('email') && email !== null && { email, email_verified: true as const })
  }
}
