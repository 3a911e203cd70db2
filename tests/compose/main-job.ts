import { get, post, refresh, send, signIn, unverifiedClaims } from '@countersign/testing/trio'
import { describe, expect, test } from 'vitest'
import {
  askEveryReplica,
  everyReplica,
  type Installation,
  newSession,
  readAdminPassword,
  sampleMe,
  statusesOfMe
} from './installation.ts'

/** What people install it for, through the published ports. */
export function describeMainJob(given: () => Installation): void {
  describe('the main job', () => {
    test('a signed-in user is recognised by every replica of the resource-service', async () => {
      const { user } = given()
      const tokens = await newSession(given())
      for (const response of await askEveryReplica(given(), tokens.access_token)) {
        expect(response).toMatchObject({
          status: 200,
          body: {
            id: user.id,
            username: user.username,
            roles: [],
            session_id: unverifiedClaims(tokens.access_token).sid
          }
        })
      }
    })

    test('a retried refresh gets the same successor, and the new tokens work everywhere', async () => {
      const { authUrl } = given().project
      const first = await newSession(given())
      const refreshed = await refresh(authUrl, first.refresh_token)
      const retried = await refresh(authUrl, first.refresh_token)
      expect([refreshed.status, retried.status]).toEqual([200, 200])
      expect(refreshed.body.refresh_token).not.toBe(first.refresh_token)
      expect(retried.body.refresh_token).toBe(refreshed.body.refresh_token)
      expect(await statusesOfMe(given(), refreshed.body.access_token)).toEqual(everyReplica(200))
      expect(await statusesOfMe(given(), retried.body.access_token)).toEqual(everyReplica(200))
      expect((await refresh(authUrl, refreshed.body.refresh_token)).status).toBe(200)
    })

    test('after a logout every replica rejects the access token, the quickest of some logouts within 100 ms', async () => {
      const { project } = given()
      let slowestMs = Number.POSITIVE_INFINITY
      // A busy machine is often slower, but not every time.
      for (let logout = 0; logout < 10 && slowestMs >= 100; logout++) {
        const tokens = await newSession(given())
        expect(await statusesOfMe(given(), tokens.access_token)).toEqual(everyReplica(200))
        slowestMs = await longestAcceptance(tokens.access_token)
        expect(slowestMs).toBeLessThan(2000)
        for (const refused of await askEveryReplica(given(), tokens.access_token)) {
          expect(refused.body).toMatchObject({ error: 'invalid_token' })
          expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Bearer .*error="invalid_token"/)
        }
        expect(await refresh(project.authUrl, tokens.refresh_token)).toMatchObject({
          status: 400,
          body: { error: 'invalid_grant' }
        })
      }
      expect(slowestMs).toBeLessThan(100)
    })

    /** Logs out. @returns how long after the response the slowest replica accepted the token last, in milliseconds */
    async function longestAcceptance(accessToken: string): Promise<number> {
      const { project, resourceUrls } = given()
      let respondedAt = Number.POSITIVE_INFINITY
      const sampling = resourceUrls.map((url) =>
        sampleMe(url, accessToken, ({ askedAt }) => askedAt > respondedAt + 1000)
      )
      expect((await post(`${project.authUrl}/auth/logout`, undefined, accessToken)).status).toBe(204)
      respondedAt = performance.now()
      const longest = (await Promise.all(sampling)).map((samples) => {
        const firstRefused = samples.findIndex(({ status }) => status === 401)
        expect(firstRefused).toBeGreaterThanOrEqual(0)
        expect(new Set(samples.slice(firstRefused).map(({ status }) => status))).toEqual(new Set([401]))
        // The logout was quicker than the first request.
        if (firstRefused === 0) return 0
        expect(new Set(samples.slice(0, firstRefused).map(({ status }) => status))).toEqual(new Set([200]))
        return (samples[firstRefused - 1]?.askedAt ?? 0) - respondedAt
      })
      return Math.max(...longest)
    }

    test('the dashboard is only for the admin, whose password the documented command prints', async () => {
      const { project, resourceUrls } = given()
      const password = await readAdminPassword(project)
      const admin = await signIn(project.authUrl, { username: 'admin', password })
      const other = await newSession(given())
      for (const url of resourceUrls) {
        const shown = await get(`${url}/admin/dashboard`, admin.access_token)
        expect(shown.status).toBe(200)
        expect(shown.body).toMatchObject({ message: 'Hello, admin.', statistics: { users: { total: 2, disabled: 0 } } })
        const refused = await get(`${url}/admin/dashboard`, other.access_token)
        expect(refused.status).toBe(403)
        expect(refused.body).toMatchObject({ error: 'insufficient_scope' })
      }
    })

    test('the issuer is the published address, and the same keys are served outside and inside', async () => {
      const { project } = given()
      const metadata = await get(`${project.authUrl}/.well-known/openid-configuration`)
      expect(metadata.body).toMatchObject({ issuer: project.authUrl })
      const outside = await get<{ keys: unknown[] }>(`${project.authUrl}/.well-known/jwks.json`)
      const inside = await project.evaluate(
        'resource-service',
        `process.stdout.write(await (await fetch(process.env.JWKS_URL)).text())`
      )
      expect(outside.body.keys.length).toBeGreaterThan(0)
      expect(JSON.parse(inside)).toEqual(outside.body)
    })

    test('the bff-service serves its page', async () => {
      const page = await send<string>(given().project.bffUrl, {})
      expect(page.status).toBe(200)
      expect(page.headers.get('Content-Type')).toMatch(/^text\/html/)
    })
  })
}
