import { readdirSync, readFileSync } from 'node:fs'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  type Credentials,
  get,
  post,
  query,
  refresh,
  register,
  send,
  signIn,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'

/** What the kernel says of a thread, after its name (proc_pid_stat(5)): the state first, the niceness at 16. */
function statOf(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

describe('limits', () => {
  let database: TestDatabase
  let trio: Trio | undefined

  async function stop(): Promise<void> {
    await trio?.stop()
    trio = undefined
    await database.drop()
  }
  async function start(env: Record<string, string>): Promise<string> {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, resourceReplicas: 0, env })
    return trio.auth.url
  }

  /** One JSON request as if it came through proxies that named these addresses. */
  const postFrom = (url: string, forwardedFor: string, body: unknown) =>
    send(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': forwardedFor },
      body: JSON.stringify(body)
    })
  const guessFrom = (url: string, address: string, { username }: Credentials, password: string) =>
    postFrom(`${url}/auth/login`, address, { username, password }).then(({ status }) => status)

  describe('of one service with its default settings', () => {
    let url: string

    beforeAll(async () => {
      url = await start({})
    })
    afterAll(stop)

    test('twenty-five parallel sign-ins with the right password all pass', async () => {
      const user = await register(url)
      const responses = await Promise.all(
        Array.from({ length: 25 }, () =>
          post(`${url}/auth/login`, { username: user.username, password: user.password })
        )
      )
      expect(responses.map(({ status }) => status)).toEqual(Array(25).fill(200))
    })

    test.skipIf(process.platform !== 'linux')('hashing yields the processor to everything else', async () => {
      await signIn(url, await register(url))
      const tasks = `/proc/${trio?.auth.process.pid}/task`
      const niceness = readdirSync(tasks).map((id) => Number(statOf(`${tasks}/${id}/stat`)[16]))
      expect(niceness).toContain(0)
      expect(Math.max(...niceness)).toBe(19)
    })

    test('a refresh token that is presented by another client than its own rotates nothing and ends nothing', async () => {
      const user = await register(url)
      const tokens = await signIn(url, user)
      await query(database.url, "UPDATE refresh_token_families SET client_id = 'another-client' WHERE user_id = $1", [
        user.id
      ])
      expect(await refresh(url, tokens.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      const [family] = await query<{ generation: number; revoked_at: Date | null }>(
        database.url,
        'SELECT generation, revoked_at FROM refresh_token_families WHERE user_id = $1',
        [user.id]
      )
      expect(family).toEqual({ generation: 0, revoked_at: null })
      expect((await get(`${url}/auth/sessions`, tokens.access_token)).status).toBe(200)
    })
  })

  describe('of a service for each setting', () => {
    afterEach(stop)

    test('registrations from one address are limited', async () => {
      const url = await start({ REGISTRATIONS_PER_ADDRESS: '2' })
      await register(url)
      await register(url)
      const third = await post(`${url}/auth/register`, { username: 'third', password: 'a fine password' })
      expect(third).toMatchObject({ status: 429, body: { error: 'too_many_requests' } })
      expect(Number(third.headers.get('Retry-After'))).toBeGreaterThan(3000)
    })

    test('closed registration is refused', async () => {
      const url = await start({ REGISTRATION: 'closed' })
      const response = await post(`${url}/auth/register`, { username: 'somebody', password: 'a fine password' })
      expect(response).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    })

    test('past the hashing queue a sign-in is 503 with Retry-After, and it does not count as a failure', async () => {
      const url = await start({ PASSWORD_HASH_QUEUE: '0', PASSWORD_HASH_CONCURRENCY: '1' })
      const user = await register(url)
      const credentials = { username: user.username, password: user.password }
      const responses = await Promise.all(Array.from({ length: 40 }, () => post(`${url}/auth/login`, credentials)))
      const full = responses.filter(({ status }) => status === 503)
      expect(full.length).toBeGreaterThan(0)
      expect(full[0]?.headers.get('Retry-After')).toBe('2')
      expect(responses.filter(({ status }) => ![200, 503].includes(status))).toEqual([])
      await signIn(url, user)
      // The log of a flood: a line for each request, as always, and one that says what is the matter.
      expect(trio?.auth.logs().match(/"msg":"the password hashing queue is full/g)).toHaveLength(1)
      expect(trio?.auth.logs()).not.toContain('"level":"error"')
    })

    test('refreshes get their responses while sign-ins wait for their hashes: signing shares no thread with hashing', async () => {
      const url = await start({ UV_THREADPOOL_SIZE: '1', PASSWORD_HASH_CONCURRENCY: '4', PASSWORD_HASH_QUEUE: '1000' })
      const user = await register(url)
      const credentials = { username: user.username, password: user.password }
      let { refresh_token: token } = await signIn(url, user)
      let waiting = 0
      const signIns = Array.from({ length: 44 }, async () => {
        waiting++
        const { status } = await post(`${url}/auth/login`, credentials)
        waiting--
        return status
      })
      await Promise.race(signIns)
      for (let at = 0; at < 12; at++) {
        const { status, body } = await refresh(url, token)
        expect(status).toBe(200)
        token = body.refresh_token
      }
      expect(waiting).toBeGreaterThan(0)
      expect(await Promise.all(signIns)).toEqual(Array(44).fill(200))
    })

    test('without a trusted proxy X-Forwarded-For means nothing', async () => {
      const url = await start({ SIGN_IN_FAILURES_PER_ADDRESS: '3' })
      const user = await register(url)
      const statuses = []
      for (let i = 0; i < 4; i++) statuses.push(await guessFrom(url, `198.51.100.${i}`, user, 'wrong password'))
      expect(statuses).toEqual([401, 401, 401, 429])
    })

    test('behind one proxy its own entry counts, and what the client wrote before it does not', async () => {
      const url = await start({ TRUSTED_PROXY_HOPS: '1', SIGN_IN_FAILURES_PER_ADDRESS: '3' })
      const user = await register(url)
      const statuses = []
      for (let i = 0; i < 4; i++)
        statuses.push(await guessFrom(url, `198.51.100.${i}, 192.0.2.7:${4000 + i}`, user, 'wrong password'))
      expect(statuses).toEqual([401, 401, 401, 429])
      expect(await guessFrom(url, '198.51.100.0, 192.0.2.8', user, 'wrong password')).toBe(401)
    })

    test('an account under attack from many addresses lets its owner in from the network of a former sign-in', async () => {
      const url = await start({ TRUSTED_PROXY_HOPS: '1', SIGN_IN_FAILURES_PER_ACCOUNT: '4' })
      const user = await register(url)
      const { username, password } = user
      const home = '2001:db8:1:2::10'
      const tokens = (await postFrom(`${url}/auth/login`, home, { username, password })).body as {
        refresh_token: string
      }
      // A refresh from elsewhere makes that place no home.
      await postFrom(`${url}/auth/refresh`, '203.0.113.9', { refresh_token: tokens.refresh_token })
      for (let i = 0; i < 4; i++) expect(await guessFrom(url, `198.51.100.${i}`, user, 'wrong password')).toBe(401)
      expect(await guessFrom(url, '198.51.100.77', user, password)).toBe(429)
      expect(await guessFrom(url, '203.0.113.9', user, password)).toBe(429)
      expect(await guessFrom(url, '2001:0DB8:1:2:ffff::11', user, password)).toBe(200)
    })
  })
})
