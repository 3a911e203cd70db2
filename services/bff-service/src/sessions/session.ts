import type { TokenResponse } from '@countersign/oauth'
import { decodeJwt } from 'jose'
import { z } from 'zod'

const content = z.object({
  userId: z.string(),
  username: z.string(),
  roles: z.array(z.string()),
  /** The issuer's name for it (`sid`). */
  sessionId: z.string(),
  accessToken: z.string(),
  accessExpiresAt: z.number(),
  /** From then on the access token is refreshed on the way of a request. */
  refreshAt: z.number(),
  refreshToken: z.string(),
  /** Grows by one with each refresh. */
  version: z.int(),
  endsAt: z.number()
})

/** What the server keeps for a browser. The tokens never leave it but for the APIs. Times are in milliseconds since 1970. */
export type Session = Readonly<z.infer<typeof content>>

const refreshLeadMs = 30_000

/**
 * Makes a session of tokens that the issuer has just handed over itself, which is why its word for who the user is needs
 * no verification here; the APIs verify it.
 */
export function createSession(
  { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn }: TokenResponse,
  { now, version, endsAt }: { now: number; version: number; endsAt: number }
): Session {
  const unverifiedClaims = decodeJwt(accessToken)
  const lifeMs = expiresIn * 1000
  return content.parse({
    userId: unverifiedClaims.sub,
    username: unverifiedClaims.preferred_username,
    roles: unverifiedClaims.roles ?? [],
    sessionId: unverifiedClaims.sid,
    accessToken,
    accessExpiresAt: now + lifeMs,
    refreshAt: now + lifeMs - Math.min(refreshLeadMs, lifeMs / 4),
    refreshToken,
    version,
    endsAt
  })
}

/** Reads what was encrypted. @returns `undefined` for what another release has written, or what has come to its end */
export function readSession(value: unknown, version: number, now: number): Session | undefined {
  const { data } = content.safeParse(value)
  return data && data.version === version && data.endsAt > now ? data : undefined
}
