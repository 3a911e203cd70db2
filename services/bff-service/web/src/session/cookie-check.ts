import { ApiError } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import { say } from '../texts/say.ts'

/** @throws {ApiError} `cookies_blocked` when this browser keeps no cookie of this site, so that no sign-in is begun in vain */
export async function requireCookies(): Promise<void> {
  // The first response sets the cookie that the second request shows.
  if ((await takesCookies()) || (await takesCookies())) return
  throw new ApiError({
    status: 400,
    code: 'cookies_blocked',
    description: say('codes.cookies_blocked')
  })
}

async function takesCookies(): Promise<boolean> {
  const { enabled } = await request<{ enabled: boolean }>('/bff/cookies').catch((error) => {
    // An older replica, which cannot tell.
    if (error instanceof ApiError && error.status === 404) return { enabled: true }
    throw error
  })
  return enabled
}
