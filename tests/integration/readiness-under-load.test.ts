import { setTimeout as delay } from 'node:timers/promises'
import { createTestDatabase, createTestRedis, startTcpProxy } from '@countersign/testing'
import { get, post, query, refresh, register, signIn, startTrio } from '@countersign/testing/trio'
import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'

const connections = 2

test.skipIf(!inject('docker'))('an auth-service whose connections are all in use is ready', async () => {
  const database = await createTestDatabase()
  onTestFinished(() => database.drop())
  const env = { DATABASE_CONNECTIONS: String(connections) }
  const trio = await startTrio({
    databaseUrl: database.url,
    redisUrl: await createTestRedis(),
    resourceReplicas: 0,
    env
  })
  onTestFinished(() => trio.stop())
  const { username, password } = await register(trio.auth.url)

  const blocker = new pg.Client({ connectionString: database.url })
  await blocker.connect()
  onTestFinished(() => blocker.end())
  await blocker.query('BEGIN; LOCK TABLE users')
  // Each connection of the pool waits for the lock with a sign-in, and the other sign-ins wait for a connection.
  const signIns = Array.from({ length: 8 }, () => post(`${trio.auth.url}/auth/login`, { username, password }))
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  const countWaiting = async () => (await query(database.url, waiting)).length
  await expect.poll(countWaiting, { timeout: 10_000, interval: 20 }).toBe(connections)

  expect(await get(`${trio.auth.managementUrl}/health/ready`)).toMatchObject({
    status: 200,
    body: { checks: { database: 'ok' } }
  })
  await blocker.query('ROLLBACK')
  await Promise.all(signIns)
})

const clients = 150

test.skipIf(!inject('docker'))(
  'an auth-service is ready while 150 clients refresh over 4 connections to a database 20 ms away',
  async () => {
    const database = await createTestDatabase()
    onTestFinished(() => database.drop())
    const proxy = await startTcpProxy({ target: database.url, delayMilliseconds: 20 })
    onTestFinished(() => proxy.close())
    const env = { DATABASE_CONNECTIONS: '4' }
    const trio = await startTrio({
      databaseUrl: proxy.url,
      redisUrl: await createTestRedis(),
      resourceReplicas: 0,
      env
    })
    onTestFinished(() => trio.stop())
    // A user has 100 sessions at most.
    const users = [await register(trio.auth.url), await register(trio.auth.url)]
    const tokens = (
      await Promise.all(
        users.map(async (user) => {
          const own: string[] = []
          while (own.length < clients / users.length) own.push((await signIn(trio.auth.url, user)).refresh_token)
          return own
        })
      )
    ).flat()

    let isOver = false
    const statuses = new Set<number>()
    const refreshing = tokens.map(async (first) => {
      for (let token = first; !isOver; ) {
        const { status, body } = await refresh(trio.auth.url, token)
        statuses.add(status)
        token = body.refresh_token
      }
    })
    const ready: number[] = []
    for (let asked = 0; asked < 14; asked++) {
      await delay(250)
      ready.push((await get(`${trio.auth.managementUrl}/health/ready`)).status)
    }
    isOver = true
    await Promise.all(refreshing)
    expect(new Set(ready)).toEqual(new Set([200]))
    expect(statuses).toEqual(new Set([200]))
  }
)
