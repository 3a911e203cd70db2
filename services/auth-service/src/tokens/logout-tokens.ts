import { randomUUID } from 'node:crypto'
import { signingAlgorithm } from '@countersign/verifier'
import type { SigningKeys } from '../keys/signing-keys.ts'
import { signCompactJws } from './compact-jws.ts'

/** What a logout token says (OpenID Connect Back-Channel Logout §2.4). */
export interface LogoutTokenGrant {
  readonly subject: string
  readonly clientId: string
  /** The session that the client had, as its ID tokens name it. */
  readonly sid: string
  /** In seconds since 1970-01-01 UTC. */
  readonly issuedAt: number
  readonly signingKid: string
}

export interface LogoutTokens {
  issue(grant: LogoutTokenGrant): Promise<string>
}

/** The header that tells logout tokens from all other tokens. */
const logoutTokenType = 'logout+jwt'
const event = 'http://schemas.openid.net/event/backchannel-logout'
/** The maximum of the standard. */
const lifetimeSeconds = 120

export function createLogoutTokens({
  issuer,
  signingKeys
}: {
  issuer: string
  signingKeys: Pick<SigningKeys, 'signingKey'>
}): LogoutTokens {
  return {
    async issue({ subject, clientId, sid, issuedAt, signingKid }) {
      const { kid, privateKey } = await signingKeys.signingKey(signingKid)
      const claims = {
        iss: issuer,
        sub: subject,
        aud: clientId,
        iat: issuedAt,
        exp: issuedAt + lifetimeSeconds,
        jti: randomUUID(),
        sid,
        events: { [event]: {} }
      }
      return signCompactJws({ alg: signingAlgorithm, kid, typ: logoutTokenType }, claims, privateKey)
    }
  }
}
