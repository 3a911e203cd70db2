import type { TokenResponse } from '@countersign/oauth'
import { decodeJwt } from 'jose'
import { z } from 'zod'
import type { TokenTarget } from '../issuer/issuer-client.ts'

/** Times are in milliseconds since 1970. */
const heldToken = z.object({
  accessToken: z.string(),
  accessExpiresAt: z.number(),
  /** From then on, the next request refreshes the access token first. */
  refreshAt: z.number()
})

const content = heldToken.extend({
  userId: z.string(),
  username: z.string(),
  roles: z.array(z.string()),
  /** The issuer's id for it (`sid`). */
  sessionId: z.string(),
  /** The tokens for single APIs. 0.1 wrote none. */
  apiTokens: z.record(z.string(), heldToken).default({}),
  refreshToken: z.string(),
  /** Increases with each refresh. */
  version: z.int(),
  endsAt: z.number()
})

/** An access token and its times, in milliseconds since 1970. */
export type HeldToken = Readonly<z.infer<typeof heldToken>>

/**
 * The server's data about a browser. The tokens leave it only for the APIs. Its own access token is for the issuer and its first
 * API.
 */
export type Session = Readonly<z.infer<typeof content>>

const refreshLeadMs = 30_000

/**
 * Makes a session from tokens that came directly from the issuer. So the claims about the user need no verification here; the
 * APIs verify them.
 */
export function createSession(tokens: TokenResponse, { now, endsAt }: { now: number; endsAt: number }): Session {
  return content.parse({
    ...holdToken(tokens, now),
    ...readUser(tokens),
    refreshToken: tokens.refresh_token,
    version: 0,
    endsAt
  })
}

/** The next version of a session, with a new access token for the target, or for the issuer. */
export function renewSession(session: Session, tokens: TokenResponse, now: number, target?: TokenTarget): Session {
  const next = { ...session, refreshToken: tokens.refresh_token, version: session.version + 1 }
  const held = holdToken(tokens, now)
  // A token for one API says less about the user.
  if (!target) return content.parse({ ...next, ...held, ...readUser(tokens) })
  const stillValid = Object.entries(session.apiTokens).filter(([, token]) => token.accessExpiresAt > now)
  return { ...next, apiTokens: { ...Object.fromEntries(stillValid), [nameOfTarget(target)]: held } }
}

/** @returns the token for the target, or the session's own; `undefined` when there has been none yet */
export function tokenFor(session: Session, target?: TokenTarget): HeldToken | undefined {
  return target ? session.apiTokens[nameOfTarget(target)] : session
}

/** @returns the token of a session that was freshened for the target: never one for another API */
export function accessTokenOf(session: Session, target?: TokenTarget): string {
  const token = tokenFor(session, target)
  if (!token) throw new TypeError('the session was not freshened for this API')
  return token.accessToken
}

export function nameOfTarget({ resource, scope }: TokenTarget): string {
  return scope === undefined ? resource : `${resource} ${scope}`
}

/** Reads a decrypted session. @returns `undefined` when it has expired, or another release wrote it */
export function readSession(value: unknown, version: number, now: number): Session | undefined {
  const { data } = content.safeParse(value)
  return data && data.version === version && data.endsAt > now ? data : undefined
}

function holdToken({ access_token: accessToken, expires_in: expiresIn }: TokenResponse, now: number): HeldToken {
  const lifetimeMs = expiresIn * 1000
  return {
    accessToken,
    accessExpiresAt: now + lifetimeMs,
    refreshAt: now + lifetimeMs - Math.min(refreshLeadMs, lifetimeMs / 4)
  }
}

function readUser({ access_token: accessToken }: TokenResponse) {
  const unverifiedClaims = decodeJwt(accessToken)
  return {
    userId: unverifiedClaims.sub,
    username: unverifiedClaims.preferred_username,
    roles: unverifiedClaims.roles ?? [],
    sessionId: unverifiedClaims.sid
  }
}
