import { get, post, refresh, register, signIn } from '@countersign/testing/trio'
import { describe, expect, test } from 'vitest'
import { everyReplica, type Installation, newSession, replicas, statusesOfMe } from './installation.ts'

/** The commands of docs/deployment.md for a dump and its restoration. */
export function describeRestore(given: () => Installation): void {
  describe('an older dump', () => {
    test('is restored, and after-restore ends all that lives again with it', async () => {
      const { project, user } = given()
      const kept = await newSession(given())
      const ended = await newSession(given())
      const dump = await project.exec('postgres', ['pg_dump', '--username=countersign', 'countersign'])
      // After the dump: all of this is forgotten.
      expect((await post(`${project.authUrl}/auth/logout`, undefined, ended.access_token)).status).toBe(204)
      const refreshed = await refresh(project.authUrl, kept.refresh_token)
      expect(refreshed.status).toBe(200)
      const forgotten = await register(project.authUrl)
      const later = await signIn(project.authUrl, forgotten)

      await project.compose('stop', 'auth-service')
      await project.exec('postgres', ['dropdb', '--username=countersign', '--force', 'countersign'])
      await project.exec('postgres', ['createdb', '--username=countersign', 'countersign'])
      const psql = ['psql', '--username=countersign', '--quiet', '--set=ON_ERROR_STOP=1', 'countersign']
      await project.execWith(dump, 'postgres', psql)
      await project.compose('run', '--rm', '--no-TTY', 'migrate')
      const command = ['countersign', 'after-restore', '--yes', '--json']
      const done = await project.compose('run', '--rm', '--no-TTY', '--no-deps', 'auth-service', ...command)
      expect(JSON.parse(done)).toMatchObject({
        clients_without_secret: [],
        clients_disabled: ['resource-service'],
        published: true
      })
      await project.compose('up', '--wait', '--scale', `resource-service=${replicas}`)
      given().resourceUrls = await project.resourceUrls(replicas)
      await project.exec('auth-service', ['countersign', 'clients', 'enable', 'resource-service'])

      for (const { access_token: token } of [kept, ended, refreshed.body, later]) {
        expect(await statusesOfMe(given(), token)).toEqual(everyReplica(401))
        expect((await get(`${project.authUrl}/auth/me`, token)).status).toBe(401)
      }
      for (const { refresh_token: token } of [kept, ended, refreshed.body, later]) {
        expect((await refresh(project.authUrl, token)).status).toBe(400)
      }
      expect(
        (await post(`${project.authUrl}/auth/login`, { username: forgotten.username, password: forgotten.password }))
          .status
      ).toBe(401)
      expect(await statusesOfMe(given(), (await signIn(project.authUrl, user)).access_token)).toEqual(everyReplica(200))
    }, 180_000)
  })

  describe('a new machine', () => {
    test('goes on with a dump and the master key', async () => {
      const { project, user } = given()
      const before = await newSession(given())
      const dump = await project.exec('postgres', ['pg_dump', '--username=countersign', 'countersign'])
      const masterKey = await project.exec('auth-service', ['cat', '/run/countersign/issuer/master-key'])
      given().earlierLogs.push(await project.compose('logs', '--no-color'))
      await project.compose('down', '--volumes')
      expect(await project.listRemains()).toEqual([])

      const runSecrets = ['run', '--rm', '--no-TTY', 'secrets']
      await expect(project.composeWith('no key', [...runSecrets, 'import', 'master-key'])).rejects.toThrow(
        /no master key/
      )
      await project.composeWith(masterKey, [...runSecrets, 'import', 'master-key'])
      await expect(project.composeWith(masterKey, [...runSecrets, 'import', 'master-key'])).rejects.toThrow(
        /a master key already/
      )
      await project.compose('up', '--wait', 'postgres', 'redis')
      const psql = ['psql', '--username=countersign', '--quiet', '--set=ON_ERROR_STOP=1', 'countersign']
      await project.execWith(dump, 'postgres', psql)
      await project.compose('run', '--rm', '--no-TTY', 'migrate')
      const command = ['countersign', 'after-restore', '--yes', '--json']
      const done = await project.compose('run', '--rm', '--no-TTY', '--no-deps', 'auth-service', ...command)
      expect(JSON.parse(done)).toMatchObject({ clients_disabled: ['resource-service'], published: true })
      await project.compose('up', '--wait', '--scale', `resource-service=${replicas}`)
      given().resourceUrls = await project.resourceUrls(replicas)

      expect(await statusesOfMe(given(), before.access_token)).toEqual(everyReplica(401))
      expect((await refresh(project.authUrl, before.refresh_token)).status).toBe(400)
      expect(await statusesOfMe(given(), (await signIn(project.authUrl, user)).access_token)).toEqual(everyReplica(200))
    }, 180_000)
  })
}
