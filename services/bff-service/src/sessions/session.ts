import type { TokenResponse } from '@countersign/oauth'
import { decodeJwt } from 'jose'
import { z } from 'zod'

const content = z.object({
  userId: z.string(),
  username: z.string(),
  roles: z.array(z.string()),
  /** The issuer's id for it (`sid`). */
  sessionId: z.string(),
  accessToken: z.string(),
  accessExpiresAt: z.number(),
  /** From then on, the next request refreshes the access token first. */
  refreshAt: z.number(),
  refreshToken: z.string(),
  /** Increases with each refresh. */
  version: z.int(),
  endsAt: z.number()
})

/** The server's data about a browser. The tokens leave it only for the APIs. Times are in milliseconds since 1970. */
export type Session = Readonly<z.infer<typeof content>>

const refreshLeadMs = 30_000

/**
 * Makes a session from tokens that came directly from the issuer. So the claims about the user need no verification here; the
 * APIs verify them.
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

/** Reads a decrypted session. @returns `undefined` when it has expired, or another release wrote it */
export function readSession(value: unknown, version: number, now: number): Session | undefined {
  const { data } = content.safeParse(value)
  return data && data.version === version && data.endsAt > now ? data : undefined
}
