import { register, signIn, unverifiedClaims } from '@countersign/testing/trio'
import type { Session } from './feed-traffic.ts'

const sessionsPerUser = 40
/** No more than are hashed soon on a busy machine. */
const atOnce = 10

/** Sessions to revoke, of as many users as that takes. */
export async function signInOften(issuerUrl: string, count: number): Promise<Session[]> {
  const sessions: Session[] = []
  while (sessions.length < count) {
    const user = await register(issuerUrl)
    const enough = Math.min(sessions.length + sessionsPerUser, count)
    while (sessions.length < enough) {
      const some = Math.min(atOnce, enough - sessions.length)
      for (const { access_token: accessToken } of await Promise.all(
        Array.from({ length: some }, () => signIn(issuerUrl, user))
      )) {
        sessions.push({ accessToken, sid: unverifiedClaims(accessToken).sid })
      }
    }
  }
  return sessions
}
