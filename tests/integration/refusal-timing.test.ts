import { Agent, request } from 'node:http'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { type Credentials, register, send, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const samples = 1000
const sessions = 20

describe('the time of a 429', () => {
  let database: TestDatabase
  let trio: Trio
  let known: Credentials
  let other: Credentials
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const unknown = { username: 'somebody-who-is-not-here' }

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    const env = { TRUSTED_PROXY_HOPS: '1', SIGN_IN_FAILURES_PER_ACCOUNT: '3', LOG_LEVEL: 'info' }
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env })
    known = await register(trio.auth.url)
    other = await register(trio.auth.url)
    for (let at = 0; at < sessions; at++)
      expect((await guess(known, `203.0.113.${at}`, known.password)).status).toBe(200)
    for (const { username } of [known, unknown])
      for (let at = 0; at < 3; at++) await guess({ username }, `198.51.${at}.1`, 'a wrong password')
  })
  afterAll(async () => {
    agent.destroy()
    await trio.stop()
    await database.drop()
  })

  const guess = ({ username }: { username: string }, address: string, password: string) =>
    send(`${trio.auth.url}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': address },
      body: JSON.stringify({ username, password })
    })

  /** @returns the milliseconds until a guess is refused */
  function timeOf({ username }: { username: string }, address: string): Promise<number> {
    const body = JSON.stringify({ username, password: 'another wrong password' })
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'X-Forwarded-For': address
    }
    return new Promise((resolve, reject) => {
      const begin = performance.now()
      const sent = request(`${trio.auth.url}/auth/login`, { method: 'POST', agent, headers }, (response) => {
        const ms = performance.now() - begin
        if (response.statusCode !== 429) reject(new Error(`a guess was answered ${response.statusCode}`))
        response.resume().once('end', () => resolve(ms))
      })
      sent.once('error', reject).end(body)
    })
  }

  /** @returns the probability that a guess at the known name takes longer than one at the unknown name */
  async function measure(addressOf: () => string): Promise<number> {
    const times: { ms: number; isKnown: boolean }[] = []
    for (let at = -100; at < samples; at++) {
      // In random order, so that whatever goes on beside it hits both alike.
      const isKnownFirst = Math.random() < 0.5
      for (const isKnown of [isKnownFirst, !isKnownFirst]) {
        const ms = await timeOf(isKnown ? known : unknown, addressOf())
        if (at >= 0) times.push({ ms, isKnown })
      }
    }
    times.sort((a, b) => a.ms - b.ms)
    const ranks = times.flatMap(({ isKnown }, at) => (isKnown ? at + 1 : []))
    const rankSum = ranks.reduce((sum, rank) => sum + rank)
    return (rankSum - (samples * (samples + 1)) / 2) / (samples * samples)
  }

  let asked = 0
  const cases: [string, () => string][] = [
    ['one address', () => '192.0.2.1'],
    ['an address that is new each time', () => `10.${asked >> 8}.${asked++ & 255}.1`]
  ]

  // A busy machine may spoil a measurement, but not three in a row.
  test.each(cases)(
    'from %s does not tell a known name from an unknown one',
    { retry: 2, timeout: 60_000 },
    async (_, addressOf) => {
      const auc = await measure(addressOf)
      expect(Math.max(auc, 1 - auc)).toBeLessThan(0.55)
    }
  )

  test('is not for free: two thousand of them use up the budget of their address', async () => {
    expect((await guess(other, '192.0.2.1', other.password)).status).toBe(429)
    expect((await guess(other, '192.0.3.1', other.password)).status).toBe(200)
  })
})
