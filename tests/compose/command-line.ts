import { get, signIn, usedSecrets } from '@countersign/testing/trio'
import { describe, expect, test } from 'vitest'
import { everyReplica, type Installation, statusesOfMe } from './installation.ts'

/** What an operator does in the container of the auth-service, by the commands that docs/deployment.md gives. */
export function describeCommandLine(given: () => Installation): void {
  describe('countersign in the container', () => {
    const countersign = async (...args: string[]) =>
      JSON.parse(await given().project.exec('auth-service', ['countersign', ...args, '--json']))

    test('a user is made, and once disabled is out at every replica', async () => {
      const { authUrl } = given().project
      const { password } = await countersign('users', 'create', 'carol')
      usedSecrets.add(password)
      const { access_token } = await signIn(authUrl, { username: 'carol', password })
      expect(await statusesOfMe(given(), access_token)).toEqual(everyReplica(200))
      expect(await countersign('users', 'disable', 'carol')).toMatchObject({ sessions_ended: 1, published: true })
      await expect.poll(() => statusesOfMe(given(), access_token), { timeout: 500 }).toEqual(everyReplica(401))
    })

    test('it sees the keys that are published, and a database that is up to date', async () => {
      const { keys } = await countersign('keys', 'list')
      const { body } = await get<{ keys: { kid: string }[] }>(`${given().project.authUrl}/.well-known/jwks.json`)
      const kidsOf = (some: { kid: string }[]) => some.map(({ kid }) => kid).sort()
      expect(kidsOf(keys)).toEqual(kidsOf(body.keys))
      expect(await countersign('migrate')).toEqual({ applied: [] })
    })
  })
}
