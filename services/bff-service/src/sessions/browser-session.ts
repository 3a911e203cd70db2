import type { TokenResponse } from '@countersign/oauth'
import { decodeJwt } from 'jose'
import { z } from 'zod'

/** What the server keeps for a browser. The tokens never leave it but for the APIs. Times are in milliseconds since 1970. */
export interface BrowserSession {
  readonly userId: string
  readonly username: string
  readonly roles: readonly string[]
  /** The issuer's name for it (`sid`). */
  readonly sessionId: string
  readonly accessToken: string
  readonly accessExpiresAt: number
  /** From then on the access token is refreshed on the way of a request. */
  readonly refreshAt: number
  readonly refreshToken: string
  /** Grows by one with each refresh. */
  readonly version: number
  readonly endsAt: number
}

const refreshLeadMs = 30_000

const content = z.object({
  userId: z.string(),
  username: z.string(),
  roles: z.array(z.string()),
  sessionId: z.string(),
  accessToken: z.string(),
  accessExpiresAt: z.number(),
  refreshAt: z.number(),
  refreshToken: z.string(),
  version: z.int(),
  endsAt: z.number()
})

/**
 * Makes a session of tokens that the issuer has just handed over itself, which is why its word for who the user is needs
 * no verification here; the APIs verify it.
 */
export function createBrowserSession(
  { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn }: TokenResponse,
  { now, version, endsAt }: { now: number; version: number; endsAt: number }
): BrowserSession {
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

/** Reads what was sealed. @returns `undefined` for what another release has written, or what has come to its end */
export function readBrowserSession(value: unknown, version: number, now: number): BrowserSession | undefined {
  const { data } = content.safeParse(value)
  return data && data.version === version && data.endsAt > now ? data : undefined
}
