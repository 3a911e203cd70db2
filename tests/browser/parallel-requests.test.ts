import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { readFamily } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Fixture, hasBrowser, newPerson, openFixture, registerOnPage } from './fixture.ts'

describe.skipIf(!hasBrowser || !inject('docker'))('a page whose access token expires', () => {
  let fixture: Fixture
  let balancer: Server
  const counts = [0, 0]

  beforeAll(async () => {
    // Each connection goes to the next replica. What counts is requests: a browser may have opened its connections before.
    let next = 0
    balancer = createServer((client) => {
      const index = next++ % 2
      client.on('data', () => {
        counts[index] = (counts[index] as number) + 1
      })
      const { hostname, port } = new URL(fixture.trio.bffs[index]?.url as string)
      const upstream = connect(Number(port), hostname)
      client.pipe(upstream).pipe(client)
      client.on('error', () => upstream.destroy())
      upstream.on('error', () => client.destroy())
    }).listen(0, '127.0.0.1')
    await once(balancer, 'listening')
    fixture = await openFixture({
      bffReplicas: 2,
      publicUrl: `http://localhost:${(balancer.address() as AddressInfo).port}`,
      env: { ACCESS_TOKEN_TTL_SECONDS: '30' }
    })
  })
  afterAll(async () => {
    await fixture?.close()
    balancer?.close()
  })

  test('fifty requests at that moment, over two replicas: all 200, one rotation', async () => {
    const { page } = await fixture.visit()
    await registerOnPage(page, newPerson())
    const { session_id: sessionId } = await page.evaluate(async () => (await fetch('/bff/session')).json())
    await page.goto('about:blank')
    const before = await readFamily(fixture.database.url, sessionId)
    await delay(23_000)
    // A page without scripts of ours, so that the fifty are the first to ask.
    await page.goto('/nowhere.html?blank', { waitUntil: 'commit' })
    counts.fill(0)
    const statuses = await page.evaluate(async () =>
      Promise.all(Array.from({ length: 50 }, async (_, i) => (await fetch(`/api/me?${i}`)).status))
    )
    expect(statuses).toEqual(Array(50).fill(200))
    expect(await readFamily(fixture.database.url, sessionId)).toMatchObject({
      generation: before.generation + 1,
      revoked_at: null
    })
    expect(Math.min(...counts)).toBeGreaterThan(0)
  }, 90_000)
})
