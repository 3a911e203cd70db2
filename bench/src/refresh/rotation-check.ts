import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { resource } from '../peers/issuer-peer.ts'
import type { RefreshContestant } from './refresh-contestant.ts'

interface RefreshResponse {
  readonly status: number
  readonly body: { access_token?: string; refresh_token?: string; error?: string }
}

/**
 * Checks on one session, which is spent by that, that a contestant does what it is measured at: a refresh brings a new
 * refresh token and a signed access token, the new one works, and the old one is refused.
 */
export async function checkRotation(contestant: RefreshContestant): Promise<void> {
  const first = contestant.refreshTokens.pop() as string
  const fail = (what: string): never => {
    throw new Error(`${contestant.name} is not set up as it has to be: ${what}`)
  }
  const second = await refreshOnce(contestant, first)
  const { access_token: accessToken, refresh_token: successor } = second.body
  if (second.status !== 200 || !accessToken || !successor) return fail(`a refresh got ${second.status}`)
  if (successor === first) fail('it does not rotate')
  await verifyAccessToken(contestant, accessToken).catch((error: unknown) => fail(String(error)))
  const third = await refreshOnce(contestant, successor)
  if (third.status !== 200 || third.body.refresh_token === successor) fail('the successor cannot be used')
  const replay = await refreshOnce(contestant, first)
  if (replay.status !== 400 || replay.body.error !== 'invalid_grant') {
    fail(`a used token got ${replay.status}`)
  }
}

export async function verifyAccessToken(
  { url, jwksPath, algorithm }: Pick<RefreshContestant, 'url' | 'jwksPath' | 'algorithm'>,
  accessToken: string
): Promise<void> {
  const keys = (await (await fetch(url + jwksPath)).json()) as JSONWebKeySet
  await jwtVerify(accessToken, createLocalJWKSet(keys), { algorithms: [algorithm], typ: 'at+jwt', audience: resource })
}

async function refreshOnce({ url, refresh }: RefreshContestant, token: string): Promise<RefreshResponse> {
  const { path, headers, body } = refresh
  const response = await fetch(url + path, { method: 'POST', headers, body: body.replace('{refresh_token}', token) })
  return { status: response.status, body: (await response.json()) as RefreshResponse['body'] }
}
