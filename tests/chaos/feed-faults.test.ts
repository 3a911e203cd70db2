import { setTimeout as delay } from 'node:timers/promises'
import { type RedisContainer, readTestEnvironment, startRedisContainer, startTcpProxy } from '@countersign/testing'
import { get, query, untilReady } from '@countersign/testing/trio'
import { revocationKeys } from '@countersign/verifier/redis'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { type FeedFixture, openFeedFixture } from './feed-fixture.ts'
import { type Fault, faultBoundMs, healthyBoundMs, proveUnderFault } from './feed-proof.ts'
import type { LocalVerifier } from './feed-views.ts'
import { withClient } from './refused-writes.ts'

const { isSoak } = readTestEnvironment()
const liveEntries = isSoak ? 200_000 : 20_000
/** Twice the staleness bound is long enough; a soak waits for slower timers too. */
const standstillMs = isSoak ? 30_000 : 12_000

// docs/faults.md lists these schedules. Each starts and ends with a healthy feed.
// Most of the time passes while a fault lasts: the first two run side by side, each with a feed of its own.
describe.skipIf(!inject('docker')).concurrent('the revocation feed under faults', () => {
  describe('of connections and data', () => {
    const given = useFeed(150)
    describe.sequential('connections', () => describeConnections(given))
    describe.sequential('the data in Redis', () => describeData(given))
  })
  describe('of Redis itself', () => {
    const given = useFeed(isSoak ? 100 : 70)
    describe.sequential('restarts and failovers of Redis', () => describeRestarts(given))
  })
})

describe.skipIf(!inject('docker'))('the revocation feed', () => {
  const given = useFeed(40)
  describe('without a fault', () => describeNoFault(given))
  test('an issuer that starts with very many live entries loses none, nor one that is made meanwhile', async () => {
    await given.fixture.leave(given.verifier) // four that read all of it are enough
    const startWithMany = async () => {
      await given.fixture.stopIssuer()
      await query(
        given.fixture.database.url,
        `INSERT INTO revocations (kind, value, expires_at)
         SELECT 'sid', gen_random_uuid()::text, now() + interval '10 minutes' FROM generate_series(1, $1::int)`,
        [liveEntries]
      )
      await flush(given.redis.url)
      await given.fixture.startIssuer()
    }
    // The benchmark of growth measures how long that takes: here it shares two cores with all observers.
    await given.prove(startWithMany, { revokes: false, recoversWithinMs: 60_000 })
  }, 120_000)
})

function describeNoFault(given: Given): void {
  test('nothing is wrong: revocations arrive at once, and every verifier measures that', async () => {
    const [arrivals, revoked] = [await propagations(), given.fixture.revoked.length]
    await given.prove(() => delay(1500))
    const made = given.fixture.revoked.length - revoked
    for (const [at, { count, seconds }] of (await propagations()).entries()) {
      expect(count - (arrivals[at]?.count ?? 0)).toBe(made)
      expect(seconds / count).toBeLessThan(0.5)
    }
  })

  /** The histogram of each service, so far. */
  async function propagations(): Promise<{ count: number; seconds: number }[]> {
    const name = 'countersign_revocation_propagation_seconds'
    const pages = await Promise.all(
      given.fixture.services().map(({ managementUrl: url }) => get<string>(`${url}/metrics`))
    )
    return pages.map(({ body }) => ({
      count: Number(new RegExp(`^${name}_count\\{.*\\} (\\d+)$`, 'm').exec(body)?.[1]),
      seconds: Number(new RegExp(`^${name}_sum\\{.*\\} ([\\d.e-]+)$`, 'm').exec(body)?.[1])
    }))
  }
}

function describeConnections(given: Given): void {
  test('everybody is cut off from Redis for longer than a view may be stale', () =>
    given.prove(
      async () => {
        await Promise.all(given.paths().map((path) => path.cut()))
        await delay(6500)
        await Promise.all(given.paths().map((path) => path.restore()))
      },
      { isLong: true }
    ))

  test('connections to Redis are half-open: nothing is refused, and nothing responds', () =>
    given.prove(
      async () => {
        for (const path of given.paths()) path.pause()
        await delay(6500)
        for (const path of given.paths()) path.resume()
      },
      { isLong: true }
    ))

  test('connections to Redis are reset again and again', () =>
    given.prove(async () => {
      for (let round = 0; round < 30; round++) {
        for (const path of given.paths()) path.dropConnections()
        await delay(100)
      }
    }))

  test('verifiers are cut off from Redis, and the issuer is not', () =>
    given.prove(
      async () => {
        await given.fixture.verifierPath.cut()
        await delay(6500)
        await given.fixture.verifierPath.restore()
      },
      { isLong: true }
    ))

  test('the issuer is cut off from Redis for a moment, and verifiers are not', () =>
    given.prove(async () => {
      await given.fixture.issuerPath.cut()
      await delay(1500)
      await given.fixture.issuerPath.restore()
    }))

  test('one issuer is cut off from Redis for long, and its replica publishes for it', async () => {
    const replica = await given.fixture.trio.startAuth({ REDIS_URL: given.redis.url })
    await untilReady(replica)
    try {
      await given.prove(async () => {
        await given.fixture.issuerPath.cut()
        await delay(6500)
        await given.fixture.issuerPath.restore()
      })
    } finally {
      await replica.stop()
    }
  })
}

function describeRestarts(given: Given): void {
  test('Redis is killed, and restarts empty', () =>
    given.prove(async () => {
      await given.redis.kill()
      await delay(1000)
      await given.redis.start()
    }))

  test(
    'Redis stands still for a long time',
    () =>
      given.prove(
        async () => {
          await given.redis.pause()
          await delay(standstillMs)
          await given.redis.unpause()
        },
        { isLong: true }
      ),
    60_000
  )

  test('Redis is killed, and restarts with the content of its append-only file', async () => {
    const persistent = await startRedisContainer({ persistent: true })
    try {
      given.retarget(persistent.url)
      await given.recovered()
      await given.prove(async () => {
        await persistent.kill()
        await delay(500)
        await persistent.start()
      })
    } finally {
      given.retarget(given.redis.url)
      await persistent.remove()
      await given.recovered()
    }
  })

  test('Redis fails over to a replica that has missed the last writes', async () => {
    const replica = await startRedisContainer()
    try {
      await replicate(replica.url, given.redis.url)
      await given.prove(async () => {
        // The replica receives nothing from here on, which nobody knows: all still write to the primary.
        await withClient(replica.url, (client) => client.replicaOf('NO', 'ONE' as never))
        for (let lost = 0; lost < 3; lost++) await given.fixture.revoke(healthyBoundMs)
        await delay(healthyBoundMs)
        given.retarget(replica.url)
        await given.redis.kill()
      })
    } finally {
      await given.redis.start()
      given.retarget(given.redis.url)
      await replica.remove()
      await given.recovered()
    }
  })

  test('an issuer keeps writing to the old primary for two seconds after a failover', async () => {
    const replica = await startRedisContainer()
    const laggard = await startTcpProxy({ target: given.redis.url })
    const second = await given.fixture.trio.startAuth({ REDIS_URL: laggard.url })
    try {
      await untilReady(second)
      await replicate(replica.url, given.redis.url)
      await given.prove(async () => {
        await withClient(replica.url, (client) => client.replicaOf('NO', 'ONE' as never))
        given.retarget(replica.url)
        await delay(1500)
        await given.fixture.revoke(faultBoundMs, second)
        await delay(500)
        laggard.retarget(replica.url)
      })
    } finally {
      await second.stop()
      await laggard.close()
      given.retarget(given.redis.url)
      await replica.remove()
      await given.recovered()
    }
  })

  async function replicate(replicaUrl: string, primaryUrl: string): Promise<void> {
    const address = await withClient(primaryUrl, async (client) => (await client.clientInfo()).laddr as string)
    const [host, port] = address.split(':') as [string, string]
    await withClient(replicaUrl, async (client) => {
      await client.replicaOf(host, Number(port))
      const isLinked = async () => /master_link_status:up/.test(await client.info('replication'))
      await vi.waitUntil(isLinked, { timeout: 10_000 })
    })
  }
}

function describeData(given: Given): void {
  test('Redis is flushed', () =>
    given.prove(async () => {
      await flush(given.redis.url)
    }))

  test('Redis is flushed while there is no issuer, until it is there again', () =>
    given.prove(
      async () => {
        await given.fixture.stopIssuer('SIGKILL')
        await flush(given.redis.url)
        await delay(4500)
        await given.fixture.startIssuer()
      },
      { revokes: false, isLong: true }
    ))

  test('the stream is trimmed by hand under a reader that is behind', () =>
    given.prove(
      async () => {
        given.fixture.verifierPath.pause()
        for (let unread = 0; unread < 3; unread++) await given.fixture.revoke(faultBoundMs)
        await withClient(given.redis.url, (client) => client.xTrim(revocationKeys.stream, 'MAXLEN', 0))
        await delay(300)
        given.fixture.verifierPath.resume()
        // An issuer notices within a second. A verifier that joins before that may trust what is left (docs/faults.md).
      },
      { joinsAfterMs: 2500 }
    ))

  test('single messages are deleted from the stream by hand before anyone has read them', () =>
    given.prove(async () => {
      given.fixture.verifierPath.pause()
      const unread = await given.fixture.revoke(faultBoundMs)
      await given.fixture.revoke(faultBoundMs)
      await withClient(given.redis.url, async (client) => {
        const messages = await client.xRevRange(revocationKeys.stream, '+', '-', { COUNT: 10 })
        const ids = messages?.filter(({ message }) => message.value === unread.sid).map(({ id }) => id) ?? []
        expect(await client.xDel(revocationKeys.stream, ids)).toBe(1)
      })
      given.fixture.verifierPath.resume()
    }))

  test('the stream is deleted', () =>
    given.prove(async () => {
      await withClient(given.redis.url, (client) => client.del(revocationKeys.stream))
    }))

  test('two issuers rewrite the feed at once, again and again, while sessions end', async () => {
    const second = await given.fixture.trio.startAuth({ REDIS_URL: given.redis.url })
    try {
      await untilReady(second)
      await given.prove(async () => {
        for (let round = 0; round < 10; round++) {
          await flush(given.redis.url)
          await Promise.all([given.fixture.revoke(faultBoundMs), given.fixture.revoke(faultBoundMs, second)])
          await delay(Math.random() * 500)
        }
      })
    } finally {
      await second.stop()
    }
  })
}

type Given = ReturnType<typeof useFeed>

/** A feed of its own, with an issuer and verifiers. */
function useFeed(sessionCount: number) {
  let redis: RedisContainer
  let fixture: FeedFixture
  let verifier: LocalVerifier

  beforeAll(async () => {
    redis = await startRedisContainer()
    fixture = await openFeedFixture(redis.url, sessionCount)
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

  const prove = (fault: () => Promise<void>, options: Fault = {}) => proveUnderFault(fixture, fault, options)

  return {
    get redis() {
      return redis
    },
    get fixture() {
      return fixture
    },
    get verifier() {
      return verifier
    },
    recovered,
    paths,
    retarget,
    prove
  }
}

function flush(url: string): Promise<string> {
  return withClient(url, (client) => client.flushAll())
}
