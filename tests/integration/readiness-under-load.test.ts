import { createTestDatabase, createTestRedis } from '@countersign/testing'
import { get, post, query, register, startTrio } from '@countersign/testing/trio'
import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'

const connections = 2

test.skipIf(!inject('docker'))('an auth-service whose connections are all in use is ready', async () => {
  const database = await createTestDatabase()
  onTestFinished(() => database.drop())
  const env = { DATABASE_CONNECTIONS: String(connections) }
  const trio = await startTrio({ databaseUrl: database.url, redisUrl: await createTestRedis(), env })
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
