import { setTimeout as delay } from 'node:timers/promises'
import { type RedisContainer, readTestEnvironment, startRedisContainer, startTcpProxy } from '@countersign/testing'
import { get, query, untilReady } from '@countersign/testing/trio'
import { revocationKeys } from '@countersign/verifier/redis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type FeedFixture, type LocalVerifier, openFeedFixture } from './feed-fixture.ts'
import { startTraffic, violationsIn } from './feed-traffic.ts'

/** How long a token may still be accepted after the revoking call has returned: while the feed is healthy, … */
const healthyBoundMs = 1000
/** … and during a fault: `maxStalenessSeconds`, and what a busy machine adds. */
const faultBoundMs = 5500

interface Fault {
  /** Whether sessions are revoked all the time. Not while there is no issuer. */
  readonly revokes?: boolean
  /** Whether the fault is long enough for verifiers to answer 503. */
  readonly isLong?: boolean
  readonly recoversWithinMs?: number
  /** When a verifier joins, counted from the start of the fault. */
  readonly joinsAfterMs?: number
}

const { isSoak } = readTestEnvironment()
const liveEntries = isSoak ? 200_000 : 20_000
/** Twice the staleness bound is long enough; a soak waits for slower timers too. */
const standstillMs = isSoak ? 30_000 : 12_000

// docs/faults.md lists these schedules. Each starts and ends with a healthy feed.
describe.skipIf(!inject('docker'))('the revocation feed under faults', () => {
  let redis: RedisContainer
  let fixture: FeedFixture
  let verifier: LocalVerifier

  beforeAll(async () => {
    redis = await startRedisContainer()
    fixture = await openFeedFixture(redis.url, 180)
    verifier = fixture.join('verifier')
    await recovered()
  })
  afterAll(async () => {
    await fixture?.close()
    await redis?.remove()
  })

  const recovered = async () => expect(await fixture.untilRecovered(10_000)).toEqual([])
  const paths = () => [fixture.issuerPath, fixture.verifierPath]
  const retarget = (url: string) => paths().forEach((path) => void path.retarget(url))

  /**
   * Asks everyone all the time, before, during and after the fault; ends sessions in all three phases; lets one verifier join
   * during the fault and another one afterwards.
   */
  async function prove(fault: () => Promise<void>, options: Fault = {}): Promise<void> {
    const { revokes = true, isLong = false, recoversWithinMs = 8000, joinsAfterMs = 150 } = options
    const traffic = startTraffic(fixture.judges, () => [...fixture.good, ...fixture.revoked])
    const joined: LocalVerifier[] = []
    const join = (name: string) => {
      const verifier = fixture.join(name)
      joined.push(verifier)
      return verifier
    }
    try {
      await fixture.revoke(healthyBoundMs)
      await delay(200)

      const faultFrom = performance.now()
      const stopRevoking = revokes ? revokeAgainAndAgain() : async () => {}
      const joining = delay(joinsAfterMs).then(() => traffic.add(join('verifier that joined during the fault')))
      await fault()
      await joining
      await stopRevoking()
      await fixture.revoke(faultBoundMs)
      const notRecovered = await fixture.untilRecovered(recoversWithinMs)
      const recoveredBy = performance.now()

      const late = join('verifier that joined afterwards')
      await late.verifier.ready()
      traffic.add(late)
      await fixture.revoke(healthyBoundMs)
      await delay(healthyBoundMs + 100)
      await traffic.stop()
      const outage = traffic.answers.filter(({ status }) => status === 503)
      expect([
        ...notRecovered,
        ...violationsIn(traffic.answers, { faultFrom, recoveredBy }),
        ...(await fixture.differences())
      ]).toEqual([])
      if (isLong) expect(outage.length).toBeGreaterThan(0)
    } finally {
      await traffic.stop()
      await Promise.all(joined.map((verifier) => fixture.leave(verifier)))
    }
  }

  function revokeAgainAndAgain(): () => Promise<void> {
    const stopping = new AbortController()
    const revoking = (async () => {
      while (!stopping.signal.aborted) {
        await fixture.revoke(faultBoundMs)
        await delay(900, undefined, { signal: stopping.signal }).catch(() => {})
      }
    })()
    revoking.catch(() => {})
    return async () => {
      stopping.abort()
      await revoking
    }
  }

  async function command<T>(url: string, work: (client: ReturnType<typeof createClient>) => Promise<T>): Promise<T> {
    const client = createClient({ url })
    await client.connect()
    try {
      return await work(client as never)
    } finally {
      client.destroy()
    }
  }
  const flush = (url: string) => command(url, (client) => client.flushAll())

  test('nothing is wrong: revocations arrive at once, and every verifier measures that', async () => {
    const [arrivals, revoked] = [await propagations(), fixture.revoked.length]
    await prove(() => delay(1500))
    const made = fixture.revoked.length - revoked
    for (const [at, { count, seconds }] of (await propagations()).entries()) {
      expect(count - (arrivals[at]?.count ?? 0)).toBe(made)
      expect(seconds / count).toBeLessThan(0.5)
    }
  })

  /** The histogram of each service, so far. */
  async function propagations(): Promise<{ count: number; seconds: number }[]> {
    const name = 'countersign_revocation_propagation_seconds'
    const pages = await Promise.all(fixture.services().map(({ managementUrl: url }) => get<string>(`${url}/metrics`)))
    return pages.map(({ body }) => ({
      count: Number(new RegExp(`^${name}_count\\{.*\\} (\\d+)$`, 'm').exec(body)?.[1]),
      seconds: Number(new RegExp(`^${name}_sum\\{.*\\} ([\\d.e-]+)$`, 'm').exec(body)?.[1])
    }))
  }

  describe('connections', () => {
    test('everybody is cut off from Redis for longer than a view may be stale', () =>
      prove(
        async () => {
          await Promise.all(paths().map((path) => path.cut()))
          await delay(6500)
          await Promise.all(paths().map((path) => path.restore()))
        },
        { isLong: true }
      ))

    test('connections to Redis are half-open: nothing is refused, and nothing answers', () =>
      prove(
        async () => {
          for (const path of paths()) path.pause()
          await delay(6500)
          for (const path of paths()) path.resume()
        },
        { isLong: true }
      ))

    test('connections to Redis are reset again and again', () =>
      prove(async () => {
        for (let round = 0; round < 30; round++) {
          for (const path of paths()) path.dropConnections()
          await delay(100)
        }
      }))

    test('verifiers are cut off from Redis, and the issuer is not', () =>
      prove(
        async () => {
          await fixture.verifierPath.cut()
          await delay(6500)
          await fixture.verifierPath.restore()
        },
        { isLong: true }
      ))

    test('the issuer is cut off from Redis for a moment, and verifiers are not', () =>
      prove(async () => {
        await fixture.issuerPath.cut()
        await delay(1500)
        await fixture.issuerPath.restore()
      }))

    test('one issuer is cut off from Redis for long, and its replica publishes for it', async () => {
      const replica = await fixture.trio.startAuth({ REDIS_URL: redis.url })
      await untilReady(replica)
      try {
        await prove(async () => {
          await fixture.issuerPath.cut()
          await delay(6500)
          await fixture.issuerPath.restore()
        })
      } finally {
        await replica.stop()
      }
    })
  })

  describe('the life of Redis', () => {
    test('Redis is killed, and restarts empty', () =>
      prove(async () => {
        await redis.kill()
        await delay(1000)
        await redis.start()
      }))

    test(
      'Redis stands still for a long time',
      () =>
        prove(
          async () => {
            await redis.pause()
            await delay(standstillMs)
            await redis.unpause()
          },
          { isLong: true }
        ),
      60_000
    )

    test('Redis is killed, and restarts with the content of its append-only file', async () => {
      const persistent = await startRedisContainer({ persistent: true })
      try {
        retarget(persistent.url)
        await recovered()
        await prove(async () => {
          await persistent.kill()
          await delay(500)
          await persistent.start()
        })
      } finally {
        retarget(redis.url)
        await persistent.remove()
        await recovered()
      }
    })

    test('Redis fails over to a replica that has missed the last writes', async () => {
      const replica = await startRedisContainer()
      try {
        await replicate(replica.url, redis.url)
        await prove(async () => {
          // The replica receives nothing from here on, which nobody knows: all still write to the primary.
          await command(replica.url, (client) => client.replicaOf('NO', 'ONE' as never))
          for (let lost = 0; lost < 3; lost++) await fixture.revoke(healthyBoundMs)
          await delay(healthyBoundMs)
          retarget(replica.url)
          await redis.kill()
        })
      } finally {
        await redis.start()
        retarget(redis.url)
        await replica.remove()
        await recovered()
      }
    })

    test('an issuer keeps writing to the old primary for two seconds after a failover', async () => {
      const replica = await startRedisContainer()
      const laggard = await startTcpProxy({ target: redis.url })
      const second = await fixture.trio.startAuth({ REDIS_URL: laggard.url })
      try {
        await untilReady(second)
        await replicate(replica.url, redis.url)
        await prove(async () => {
          await command(replica.url, (client) => client.replicaOf('NO', 'ONE' as never))
          retarget(replica.url)
          await delay(1500)
          await fixture.revoke(faultBoundMs, second)
          await delay(500)
          laggard.retarget(replica.url)
        })
      } finally {
        await second.stop()
        await laggard.close()
        retarget(redis.url)
        await replica.remove()
        await recovered()
      }
    })

    async function replicate(replicaUrl: string, primaryUrl: string): Promise<void> {
      const address = await command(primaryUrl, async (client) => (await client.clientInfo()).laddr as string)
      const [host, port] = address.split(':') as [string, string]
      await command(replicaUrl, async (client) => {
        await client.replicaOf(host, Number(port))
        await expect.poll(() => client.info('replication'), { timeout: 10_000 }).toMatch(/master_link_status:up/)
      })
    }
  })

  describe('the data in Redis', () => {
    test('Redis is flushed', () =>
      prove(async () => {
        await flush(redis.url)
      }))

    test('Redis is flushed while there is no issuer, until it is there again', () =>
      prove(
        async () => {
          await fixture.stopIssuer('SIGKILL')
          await flush(redis.url)
          await delay(4500)
          await fixture.startIssuer()
        },
        { revokes: false, isLong: true }
      ))

    test('the stream is trimmed by hand under a reader that is behind', () =>
      prove(
        async () => {
          fixture.verifierPath.pause()
          for (let unread = 0; unread < 3; unread++) await fixture.revoke(faultBoundMs)
          await command(redis.url, (client) => client.xTrim(revocationKeys.stream, 'MAXLEN', 0))
          await delay(300)
          fixture.verifierPath.resume()
          // An issuer notices within a second. A verifier that joins before that may trust what is left (docs/faults.md).
        },
        { joinsAfterMs: 2500 }
      ))

    test('single messages are deleted from the stream by hand before anyone has read them', () =>
      prove(async () => {
        fixture.verifierPath.pause()
        const unread = await fixture.revoke(faultBoundMs)
        await fixture.revoke(faultBoundMs)
        await command(redis.url, async (client) => {
          const messages = await client.xRevRange(revocationKeys.stream, '+', '-', { COUNT: 10 })
          const ids = messages?.filter(({ message }) => message.value === unread.sid).map(({ id }) => id) ?? []
          expect(await client.xDel(revocationKeys.stream, ids)).toBe(1)
        })
        fixture.verifierPath.resume()
      }))

    test('the stream is deleted', () =>
      prove(async () => {
        await command(redis.url, (client) => client.del(revocationKeys.stream))
      }))

    test('two issuers rewrite the feed at once, again and again, while sessions end', async () => {
      const second = await fixture.trio.startAuth({ REDIS_URL: redis.url })
      try {
        await untilReady(second)
        await prove(async () => {
          for (let round = 0; round < 10; round++) {
            await flush(redis.url)
            await Promise.all([fixture.revoke(faultBoundMs), fixture.revoke(faultBoundMs, second)])
            await delay(Math.random() * 500)
          }
        })
      } finally {
        await second.stop()
      }
    })
  })

  test('an issuer that starts with very many live entries loses none, nor one that is made meanwhile', async () => {
    await fixture.leave(verifier) // four that read all of it are enough
    const startWithMany = async () => {
      await fixture.stopIssuer()
      await query(
        fixture.database.url,
        `INSERT INTO revocations (kind, value, expires_at)
         SELECT 'sid', gen_random_uuid()::text, now() + interval '10 minutes' FROM generate_series(1, $1::int)`,
        [liveEntries]
      )
      await flush(redis.url)
      await fixture.startIssuer()
    }
    // The benchmark of growth measures how long that takes: here it shares two cores with all observers.
    await prove(startWithMany, { revokes: false, recoversWithinMs: 60_000 })
  }, 120_000)
})
