import type { TokenResponse } from '@countersign/oauth'
import { refresh, register, signIn, unverifiedClaims } from './api-client.ts'
import { ageSessions } from './database.ts'

/** Longer than two retry windows, by the default: a token that was used before is a replay when the next one is used. */
export const burstSeconds = 121

export interface ReplayableSession {
  /** Presented again, it is a replay. */
  readonly first: TokenResponse
  readonly second: TokenResponse
  /** The one that may rotate next. */
  readonly third: TokenResponse
  readonly sid: string
}

/** Starts a session and refreshes it twice, so that its first refresh token is from before the last burst. */
export async function startReplayableSession(
  authUrl: string,
  databaseUrl: string,
  user?: Awaited<ReturnType<typeof register>>
): Promise<ReplayableSession> {
  const owner = user ?? (await register(authUrl))
  const first = await signIn(authUrl, owner)
  const second = (await refresh(authUrl, first.refresh_token)).body
  await ageSessions(databaseUrl, owner.id, burstSeconds)
  const third = (await refresh(authUrl, second.refresh_token)).body
  return { first, second, third, sid: unverifiedClaims(first.access_token).sid }
}
