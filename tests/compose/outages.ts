import { get, post, refresh, signIn } from '@countersign/testing/trio'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  askEveryReplica,
  everyReplica,
  type Installation,
  newSession,
  readAdminPassword,
  replicas,
  sampleMe,
  statusesOfMe,
  waitForEveryReplica
} from './installation.ts'

/** A view may be 5 s old (design §4); the rest is for a slow machine. */
const staleWithinMs = 5_000 + 1_500

/** What happens while a store is unavailable, and afterwards. */
export function describeOutages(given: () => Installation): void {
  /** What goes wrong in one test must not take a store from the next. */
  const startAfterwards = (service: string) =>
    onTestFinished(async () => {
      await given().project.compose('start', service)
    })
  const signOut = (accessToken: string) => post(`${given().project.authUrl}/auth/logout`, undefined, accessToken)

  describe('outages', () => {
    test('without Redis a token is accepted for 5 s, then "cannot know"; afterwards everything recovers by itself', async () => {
      const { project, resourceUrls } = given()
      const tokens = await newSession(given())
      const revokedBefore = await newSession(given())
      const revokedDuring = await newSession(given())
      expect((await signOut(revokedBefore.access_token)).status).toBe(204)
      await waitForEveryReplica(given(), revokedBefore.access_token, 401)

      startAfterwards('redis')
      let stoppedAt = Number.POSITIVE_INFINITY
      const sampling = resourceUrls.map((url) =>
        sampleMe(url, tokens.access_token, ({ askedAt }) => askedAt > stoppedAt + 8_000)
      )
      await project.compose('stop', 'redis')
      stoppedAt = performance.now()
      for (const responses of await Promise.all(sampling)) {
        const firstUnknown = responses.findIndex(({ status }) => status === 503)
        expect(new Set(responses.slice(0, firstUnknown).map(({ status }) => status))).toEqual(new Set([200]))
        expect(new Set(responses.slice(firstUnknown).map(({ status }) => status))).toEqual(new Set([503]))
        expect((responses[firstUnknown]?.askedAt ?? Number.NaN) - stoppedAt).toBeLessThan(staleWithinMs)
      }
      for (const response of await askEveryReplica(given(), tokens.access_token)) {
        expect(response.status).toBe(503)
        expect(response.headers.get('Retry-After')).toMatch(/^\d+$/)
        expect(response.headers.get('WWW-Authenticate')).toBeNull()
      }
      expect(await statusesOfMe(given(), revokedBefore.access_token)).toEqual(everyReplica(401))
      expect((await signOut(revokedDuring.access_token)).status).toBe(204)
      expect((await refresh(project.authUrl, tokens.refresh_token)).status).toBe(200)
      await newSession(given())

      const afterOutage = resourceUrls.map((url) =>
        sampleMe(url, revokedDuring.access_token, ({ status }) => status !== 503)
      )
      await project.compose('start', 'redis')
      for (const responses of await Promise.all(afterOutage)) expect(responses.at(-1)?.status).toBe(401)
      await waitForEveryReplica(given(), tokens.access_token, 200)
      expect(await statusesOfMe(given(), revokedBefore.access_token)).toEqual(everyReplica(401))
    }, 60_000)

    test('a Redis that hangs is no better than none', async () => {
      const { project } = given()
      const tokens = await newSession(given())
      await project.compose('pause', 'redis')
      try {
        await waitForEveryReplica(given(), tokens.access_token, 503)
      } finally {
        await project.compose('unpause', 'redis')
      }
      await waitForEveryReplica(given(), tokens.access_token, 200)
    }, 60_000)

    test('a flushed Redis un-revokes nothing, not even for a replica that starts afterwards', async () => {
      const { project, resourceUrls } = given()
      const tokens = await newSession(given())
      const revoked = await newSession(given())
      expect((await signOut(revoked.access_token)).status).toBe(204)
      await waitForEveryReplica(given(), revoked.access_token, 401)

      const flush = 'REDISCLI_AUTH=$(cat /run/countersign/redis/password) redis-cli FLUSHALL'
      expect(await project.exec('redis', ['sh', '-c', flush])).toMatch(/^OK/)
      const flushedAt = performance.now()
      const restart = project.restartReplica('resource-service', 2)
      const staying = resourceUrls.filter((_, index) => index !== 1)
      const samples = await Promise.all(
        staying.map((url) => sampleMe(url, revoked.access_token, ({ askedAt }) => askedAt > flushedAt + 3_000))
      )
      for (const responses of samples) expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]))

      await restart
      given().resourceUrls = await project.resourceUrls(replicas)
      await waitForEveryReplica(given(), tokens.access_token, 200)
      expect(await statusesOfMe(given(), revoked.access_token)).toEqual(everyReplica(401))
    }, 60_000)

    test('without the auth-service the dashboard is 503 with the cause, and the rest of the API works', async () => {
      const { project, resourceUrls } = given()
      const password = await readAdminPassword(project)
      const { access_token } = await signIn(project.authUrl, { username: 'admin', password })
      const dashboards = () => Promise.all(resourceUrls.map((url) => get(`${url}/admin/dashboard`, access_token)))
      for (const { status } of await dashboards()) expect(status).toBe(200)
      startAfterwards('auth-service')
      await project.compose('stop', 'auth-service')
      for (const { status, body, headers } of await dashboards()) {
        expect({ status, body }).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
        expect(body.error_description).toMatch(/the auth-service cannot be reached/)
        expect(headers.get('Retry-After')).toMatch(/^\d+$/)
      }
      expect(await statusesOfMe(given(), access_token)).toEqual(everyReplica(200))

      await project.compose('start', 'auth-service')
      const statuses = async () => (await dashboards()).map(({ status }) => status)
      await expect.poll(statuses, { timeout: 30_000, interval: 200 }).toEqual(everyReplica(200))
    }, 60_000)

    test('without Postgres tokens are still verified, and a refresh waits without losing its token', async () => {
      const { project } = given()
      const tokens = await newSession(given())
      startAfterwards('postgres')
      await project.compose('stop', 'postgres')
      expect(await statusesOfMe(given(), tokens.access_token)).toEqual(everyReplica(200))
      const refused = await refresh(project.authUrl, tokens.refresh_token)
      expect(refused).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/)

      await project.compose('start', 'postgres')
      await expect
        .poll(async () => (await refresh(project.authUrl, tokens.refresh_token)).status, {
          timeout: 20_000,
          interval: 200
        })
        .toBe(200)
    }, 60_000)
  })
}
