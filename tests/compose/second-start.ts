import { get, post, refresh } from '@countersign/testing/trio'
import { describe, expect, test } from 'vitest'
import {
  everyReplica,
  type Installation,
  newSession,
  readAdminPassword,
  replicas,
  statusesOfMe
} from './installation.ts'

interface KeySet {
  keys: { kid: string }[]
}

/** What a restart of the whole leaves as it was. */
export function describeSecondStart(given: () => Installation): void {
  describe('a second start', () => {
    test('finds the data and the secrets of the first, after a stop that is quick and clean', async () => {
      const { project } = given()
      const keysBefore = await get<KeySet>(`${project.authUrl}/.well-known/jwks.json`)
      const adminPassword = await readAdminPassword(project)
      const tokens = await newSession(given())
      const revoked = await newSession(given())
      expect((await post(`${project.authUrl}/auth/logout`, undefined, revoked.access_token)).status).toBe(204)

      const stoppingAt = performance.now()
      await project.compose('stop')
      expect(performance.now() - stoppingAt).toBeLessThan(15_000)
      for (const { Name, State } of await project.listContainers()) expect(State.ExitCode, Name).toBe(0)
      given().earlierLogs.push(await project.compose('logs', '--no-color'))
      await project.compose('down')
      await project.compose('up', '--wait', '--scale', `resource-service=${replicas}`)
      given().resourceUrls = await project.resourceUrls(replicas)

      const keysAfter = await get<KeySet>(`${project.authUrl}/.well-known/jwks.json`)
      expect(keysAfter.body).toEqual(keysBefore.body)
      expect(await readAdminPassword(project)).toBe(adminPassword)
      expect(await statusesOfMe(given(), revoked.access_token)).toEqual(everyReplica(401))
      expect(await statusesOfMe(given(), tokens.access_token)).toEqual(everyReplica(200))
      expect((await refresh(project.authUrl, tokens.refresh_token)).status).toBe(200)
      const again = await newSession(given())
      expect(await statusesOfMe(given(), again.access_token)).toEqual(everyReplica(200))
    }, 120_000)
  })
}
