import { get, refresh, signIn, usedSecrets } from '@countersign/testing/trio'
import { describe, expect, test } from 'vitest'
import {
  everyReplica,
  type Installation,
  newSession,
  readAdminPassword,
  replicas,
  statusesOfMe
} from './installation.ts'

const files = {
  database: ['auth-service', '/run/countersign/database/url'],
  redis: ['bff-service', '/run/countersign/browser/redis-url'],
  forwarder: ['bff-service', '/run/countersign/browser/forwarder-key'],
  client: ['resource-service', '/run/countersign/verifier/client-key.pem'],
  'master-key': ['auth-service', '/run/countersign/issuer/master-key']
} as const

/** The commands of docs/deployment.md that change the secrets, one by one. */
export function describeSecrets(given: () => Installation): void {
  describe('each secret can be changed', () => {
    const read = async (name: keyof typeof files) => {
      const [service, path] = files[name]
      const text = await given().project.exec(service, ['cat', path])
      for (const secret of text.trim().split(',')) usedSecrets.add(secret)
      return text.trim()
    }
    const renew = async (name: keyof typeof files) => {
      const before = await read(name)
      await given().project.compose('run', '--rm', '--no-TTY', 'secrets', 'renew', name)
      expect(await read(name)).not.toBe(before)
    }
    const restart = async (...services: string[]) => {
      await given().project.compose('restart', ...services)
      await given().project.compose('up', '--wait', '--scale', `resource-service=${replicas}`)
      given().resourceUrls = await given().project.resourceUrls(replicas)
    }

    test('and sessions go on; the figures of the dashboard, too', { timeout: 300_000 }, async () => {
      const { project } = given()
      const admin = { username: 'admin', password: await readAdminPassword(project) }
      let tokens = await newSession(given())
      const expectWorking = async () => {
        const refreshed = await refresh(project.authUrl, tokens.refresh_token)
        expect(refreshed.status).toBe(200)
        tokens = refreshed.body
        await expect
          .poll(() => statusesOfMe(given(), tokens.access_token), { timeout: 10_000 })
          .toEqual(everyReplica(200))
        const { access_token } = await signIn(project.authUrl, admin)
        await expect
          .poll(async () => (await get(`${given().resourceUrls[0]}/admin/dashboard`, access_token)).status, {
            timeout: 20_000
          })
          .toBe(200)
      }

      await renew('database')
      const alter =
        'echo "ALTER ROLE countersign PASSWORD :\'password\'" | psql --username=countersign --set=password=$(cat /run/countersign/database/password)'
      await project.exec('postgres', ['sh', '-c', alter])
      await restart('auth-service')
      await expectWorking()

      await renew('redis')
      await restart('redis', 'auth-service', 'resource-service', 'bff-service')
      await expectWorking()

      await renew('forwarder')
      await restart('auth-service', 'bff-service')
      await renew('client')
      await project.compose('run', '--rm', '--no-TTY', 'register')
      await restart('resource-service')
      await expectWorking()

      const former = await read('master-key')
      await renew('master-key')
      const again = project.compose('run', '--rm', '--no-TTY', 'secrets', 'renew', 'master-key')
      await expect(again).rejects.toThrow(/still there/)
      await restart('auth-service')
      await project.exec('auth-service', ['countersign', 'master-key', 're-encrypt'])
      await expectWorking()
      await project.compose('run', '--rm', '--no-TTY', 'secrets', 'retire', 'master-key')
      expect((await read('master-key')).includes(former)).toBe(false)
      await restart('auth-service')
      await expectWorking()
    })
  })
}
