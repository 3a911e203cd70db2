import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createTestDatabase, type RedisContainer, readTestEnvironment, startRedisContainer } from '@countersign/testing'
import { createBrowserClient, get, post, register, signIn, startTrio, untilReady } from '@countersign/testing/trio'
import { redisDpopReplays } from '@countersign/verifier/redis'
import { createClient } from 'redis'
import { describe, expect, inject, onTestFinished, test } from 'vitest'

const publicUrl = 'http://localhost:4002'
const documentation = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
const script = readFileSync(new URL('../../docker/make-secrets.mjs', import.meta.url), 'utf8')
const users = ['verifier', 'browser']

/** `npm test` takes the oldest, which knows the fewest commands; `npm run test:soak` takes all. */
const servers = [
  ['Redis 7.0', process.env.REDIS7_IMAGE],
  ['Redis 8', process.env.REDIS_IMAGE],
  ['Valkey 8', process.env.VALKEY_IMAGE]
].slice(0, readTestEnvironment().isSoak ? 3 : 1)

/** The keys, channels and commands that the documentation gives a user. */
function documentedRights(user: string): string[] {
  const [, rights] = documentation.match(new RegExp(`^ACL SETUSER ${user} on >PASSWORD ([^\`]+)`, 'm')) as string[]
  return (rights as string).trim().split(/\s+/)
}

/** The same, of the file that Compose makes. */
function installedRights(user: string): string[] {
  const [, line] = script.match(new RegExp(`user ${user} reset on #[^}]+\\)}(.+?)(?:,\\n|\\n {2}\\])`, 's')) as string[]
  return (line as string).match(/[%~&+][^\s'`]+/g) ?? []
}

describe('the rights in Redis', () => {
  test.each(users)('of the user %s are the same in the documentation and in Compose', (user) => {
    expect(installedRights(user)).toEqual(documentedRights(user))
  })

  describe.each(servers)('on %s', (_, image) => {
    test.skipIf(!inject('docker') || !image)(
      'are known, and all that the services use',
      { timeout: 120_000 },
      async () => {
        const redis = await startRedisContainer({
          image: image as string,
          options: users.flatMap((user) => ['--user', user, 'on', '>secret', ...documentedRights(user)])
        })
        onTestFinished(() => redis.remove())
        await useEverything(redis)
        expect(await refusedCommands(redis)).toEqual([])
      }
    )
  })
})

/** Sign-in, requests and logout of a browser and of a bearer, and a used proof. */
async function useEverything(redis: RedisContainer): Promise<void> {
  const urlOf = (username: string) => Object.assign(new URL(redis.url), { username, password: 'secret' }).href
  const database = await createTestDatabase()
  onTestFinished(() => database.drop())
  const trio = await startTrio({ databaseUrl: database.url, redisUrl: redis.url })
  onTestFinished(() => trio.stop())
  const resource = await trio.startResource({ REDIS_URL: urlOf('verifier') })
  const bff = await trio.startBff({ REDIS_URL: urlOf('browser'), PUBLIC_URL: publicUrl, API_URL: resource.url })
  await Promise.all([resource, bff].map((service) => untilReady(service)))

  const user = await register(trio.auth.url)
  const { access_token } = await signIn(trio.auth.url, user)
  const browser = createBrowserClient(publicUrl, bff.url)
  await browser.signIn(user)
  expect((await browser.send('GET', '/api/me')).status).toBe(200)
  expect((await get(`${resource.url}/me`, access_token)).status).toBe(200)
  expect((await post(`${trio.auth.url}/auth/logout-all`, {}, access_token)).status).toBe(204)
  await expect.poll(async () => (await get(`${resource.url}/me`, access_token)).status, { timeout: 10_000 }).toBe(401)
  expect((await browser.send('GET', '/api/me')).status).toBe(401)

  const replays = redisDpopReplays({ url: urlOf('verifier') })
  // A busy machine may miss the deadline of a claim; a missing right is missing each time.
  await expect.poll(() => replays.markUsed(randomUUID(), Date.now() / 1000 + 60), { timeout: 10_000 }).toBe(true)
  await replays.close?.()
}

async function refusedCommands({ url }: RedisContainer): Promise<unknown[]> {
  const admin = createClient({ url })
  await admin.connect()
  const refused = await admin.aclLog()
  admin.destroy()
  return refused.map(({ username, reason, object }) => `${username}: ${reason} ${object}`)
}
