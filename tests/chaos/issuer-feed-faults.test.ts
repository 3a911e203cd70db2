import { setTimeout as delay } from 'node:timers/promises'
import { migrate } from '@countersign/prisma'
import {
  createTestDatabase,
  findLastingPort,
  type PostgresContainer,
  readTestEnvironment,
  startPostgresContainer,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase
} from '@countersign/testing'
import { post, query, type ServiceProcess, untilReady } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { isInstalled, startHaproxy, startNginx } from '../integration/fixtures/front-proxy.ts'
import { type Fault, faultBoundMs, proveUnderFault } from './feed-proof.ts'
import { recordStream, startReplay } from './feed-replay.ts'
import { type IssuerFixture, openIssuerFixture } from './issuer-feed-fixture.ts'

const liveEntries = readTestEnvironment().isSoak ? 200_000 : 20_000

/** `onTestFinished` of a test, which may run beside others. */
type Finish = (work: () => Promise<void>) => void

interface Proof extends Fault {
  readonly fault: () => Promise<void>
  /** Which replica ends sessions. */
  readonly revokeAt?: () => string
  readonly finish: Finish
}

/** Each session costs a password hash, and many faults happen at once. */
const revokesEveryMs = 2000

async function prove(fixture: IssuerFixture, feedUrl: string, { fault, revokeAt, finish, ...options }: Proof) {
  const feed = fixture.openFeed(feedUrl, revokeAt)
  finish(() => feed.close())
  feed.join('verifier')
  expect(await feed.untilRecovered(10_000)).toEqual([])
  // A revocation reaches those who follow before the issuer reads it from Postgres, which is what another verifier begins with.
  await proveUnderFault(feed, fault, { revokesEveryMs, joinerBoundMs: faultBoundMs, ...options })
}

/** Its end resets its connections: otherwise an issuer that stops waits 10 seconds for an idle one that `fetch` keeps open. */
async function startProxyTo(url: string, finish: Finish): Promise<TcpProxy> {
  const proxy = await startTcpProxy({ target: url })
  finish(() => proxy.close())
  return proxy
}

// docs/faults.md lists these faults. Those on the way wait side by side; the others hit every verifier, one after the other.
describe.skipIf(!inject('docker'))('the feed over HTTP under faults', () => {
  describe.concurrent('on the way', describeTheWay)
  describe('of the issuer and its database', describeIssuerAndDatabase)
})

/** Each test has its own way to the issuer and its own sessions. */
function describeTheWay(): void {
  let database: TestDatabase
  let fixture: IssuerFixture

  beforeAll(async () => {
    database = await createTestDatabase()
    fixture = await openIssuerFixture({
      databaseUrl: database.url,
      outboxUrl: database.url,
      authReplicas: 2,
      sessionCount: 90
    })
  })
  afterAll(async () => {
    await fixture?.close()
    await database?.drop()
  })

  const issuerUrl = () => fixture.trio.auth.url
  const path = (finish: Finish) => startProxyTo(issuerUrl(), finish)
  const joinAt = (feedUrl: string, finish: Finish) => {
    const feed = fixture.openFeed(feedUrl)
    finish(() => feed.close())
    const { ask, verifier } = feed.join('verifier')
    return { ask, isCurrent: () => verifier.status().revocations?.isCurrent === true }
  }

  test('the verifier is cut off for longer than a view may be stale', async ({ onTestFinished: finish }) => {
    const proxy = await path(finish)
    const fault = async () => {
      await proxy.cut()
      await delay(6500)
      await proxy.restore()
    }
    await prove(fixture, proxy.url, { fault, isLong: true, finish })
  })

  test('the connection is half-open: nothing is refused, and nothing arrives', async ({ onTestFinished: finish }) => {
    const proxy = await path(finish)
    const fault = async () => {
      proxy.pause()
      await delay(6500)
      proxy.resume()
    }
    await prove(fixture, proxy.url, { fault, isLong: true, finish })
  })

  test('connections are reset again and again', async ({ onTestFinished: finish }) => {
    const proxy = await path(finish)
    const fault = async () => {
      for (let round = 0; round < 30; round++) {
        proxy.dropConnections()
        await delay(100)
      }
    }
    await prove(fixture, proxy.url, { fault, finish })
  })

  test('a fresh stream is held back more and more: bytes arrive all the time', async ({ onTestFinished: finish }) => {
    const proxy = await path(finish)
    const fault = async () => {
      for (let delayMs = 100; delayMs <= 4000; delayMs += 100) {
        proxy.setDelay(delayMs)
        await delay(100)
      }
      await delay(4000)
      proxy.setDelay(0)
      proxy.dropConnections()
    }
    await prove(fixture, proxy.url, { fault, isLong: true, finish })
  })

  test('everything arrives four seconds late: the view is never current', async ({ onTestFinished: finish }) => {
    const proxy = await startTcpProxy({ target: issuerUrl(), delayMilliseconds: 4000 })
    finish(() => proxy.close())
    const { isCurrent } = joinAt(proxy.url, finish)
    for (const end = performance.now() + 9000; performance.now() < end; await delay(50)) {
      expect(isCurrent()).toBe(false)
    }
    expect(proxy.counts.bytesFromTarget).toBeGreaterThan(0)
  })

  test('a cache replays a stream that was valid once: the view is never current', async ({
    onTestFinished: finish
  }) => {
    const recorded = await recordStream(`${issuerUrl()}/revocations/feed?nonce=recorded`)
    expect(recorded).toContain('event: current')
    const replay = await startReplay(recorded)
    finish(replay.close)
    const { ask } = joinAt(replay.url, finish)
    const session = fixture.takeSession()
    for (const end = performance.now() + 3000; performance.now() < end || replay.requests() < 2; await delay(50)) {
      expect(await ask(session.accessToken)).toBe(503)
    }
  })

  test('the issuer is replaced by its replica, and back', async ({ onTestFinished: finish }) => {
    const proxy = await path(finish)
    const [one, other] = fixture.trio.auths.map(({ url }) => url) as [string, string]
    const fault = async () => {
      for (const next of [other, one, other]) {
        proxy.retarget(next)
        await delay(700)
      }
    }
    await prove(fixture, proxy.url, { fault, revokeAt: () => one, finish })
  })

  test('the issuer that is followed loses Postgres and Redis, and its replica ends sessions', async ({
    onTestFinished: finish
  }) => {
    const paths = await Promise.all([database.url, fixture.redisUrl].map((url) => startProxyTo(url, finish)))
    const [toPostgres, toRedis] = paths as [TcpProxy, TcpProxy]
    const isolated = await fixture.trio.startAuth({ DATABASE_URL: toPostgres.url, REDIS_URL: toRedis.url })
    finish(() => isolated.stop())
    await untilReady(isolated)
    const fault = async () => {
      await Promise.all(paths.map((path) => path.cut()))
      await delay(6500)
      await Promise.all(paths.map((path) => path.restore()))
    }
    await prove(fixture, (await startProxyTo(isolated.url, finish)).url, { fault, isLong: true, finish })
  })

  const startNginxWith = async (options: string, finish: Finish) => {
    const port = await findLastingPort()
    const nginx = await startNginx(
      `server { listen 127.0.0.1:${port}; location / { proxy_pass ${issuerUrl()}; ${options} } }`,
      port
    )
    finish(() => nginx.stop())
    return `http://127.0.0.1:${port}`
  }
  const startHaproxyWith = async (options: readonly string[], finish: Finish) => {
    const port = await findLastingPort()
    const haproxy = await startHaproxy(
      `
        defaults
          mode http
          timeout connect 2s
          timeout client 60s
          timeout server 60s
        listen issuer
          bind 127.0.0.1:${port}
          ${options.join('\n          ')}
          server one ${new URL(issuerUrl()).host}
`,
      port
    )
    finish(() => haproxy.stop())
    return `http://127.0.0.1:${port}`
  }

  /** Behind a proxy that keeps what the issuer sends, as nginx and HAProxy do when configured so. */
  async function proveThatNoGapIsHidden({ ask }: ReturnType<typeof joinAt>): Promise<void> {
    const { accessToken } = fixture.takeSession()
    await delay(1000)
    expect((await post(`${issuerUrl()}/auth/logout`, undefined, accessToken)).status).toBe(204)
    const endedAt = performance.now()
    let checked = 0
    for (let askedAt = endedAt; askedAt < endedAt + faultBoundMs + 1000 || checked < 5; askedAt = performance.now()) {
      const status = await ask(accessToken)
      if (askedAt > endedAt + faultBoundMs) {
        expect([401, 503]).toContain(status)
        checked++
      }
      await delay(50)
    }
  }

  test.skipIf(!isInstalled('nginx'))('nginx as it is passes the feed', async ({ onTestFinished: finish }) => {
    await prove(fixture, await startNginxWith('', finish), { fault: () => delay(1000), finish })
  })

  test.skipIf(!isInstalled('nginx'))(
    'nginx that buffers all the same never hides a gap',
    async ({ onTestFinished: finish }) => {
      const buffering =
        'proxy_buffering on; proxy_buffers 8 64k; proxy_buffer_size 64k; proxy_ignore_headers X-Accel-Buffering;'
      await proveThatNoGapIsHidden(joinAt(await startNginxWith(buffering, finish), finish))
    }
  )

  test.skipIf(!isInstalled('haproxy'))('HAProxy as it is passes the feed', async ({ onTestFinished: finish }) => {
    const options = ['option http-buffer-request', 'compression algo gzip', 'compression type text/event-stream']
    await prove(fixture, await startHaproxyWith(options, finish), { fault: () => delay(1000), finish })
  })

  test.skipIf(!isInstalled('haproxy'))(
    'HAProxy that waits for the whole body never hides a gap',
    async ({ onTestFinished: finish }) => {
      const url = await startHaproxyWith(['http-response wait-for-body time 60s'], finish)
      await proveThatNoGapIsHidden(joinAt(url, finish))
    }
  )
}

function describeIssuerAndDatabase(): void {
  let postgres: PostgresContainer
  let databasePath: TcpProxy
  let fixture: IssuerFixture
  let issuer: ServiceProcess

  beforeAll(async () => {
    postgres = await startPostgresContainer({ durable: true })
    await migrate(postgres.lastingUrl)
    databasePath = await startTcpProxy({ target: postgres.lastingUrl })
    fixture = await openIssuerFixture({
      databaseUrl: databasePath.url,
      outboxUrl: postgres.lastingUrl,
      sessionCount: 50
    })
    issuer = fixture.trio.auth
  })
  afterAll(async () => {
    await fixture?.close()
    await databasePath?.close()
    await postgres?.stop()
  })

  const startIssuer = async () => {
    issuer = await fixture.trio.startAuth({ PORT: new URL(issuer.url).port })
  }

  test('the issuers are restarted one after the other', async ({ onTestFinished: finish }) => {
    const replica = await fixture.trio.startAuth()
    finish(() => replica.stop())
    await untilReady(replica)
    const proxy = await startProxyTo(issuer.url, finish)
    let revokeAt = replica.url
    const fault = async () => {
      proxy.retarget(replica.url, { keepsConnections: true })
      await issuer.stop()
      await delay(300)
      await startIssuer()
      await untilReady(issuer)
      proxy.retarget(issuer.url, { keepsConnections: true })
      revokeAt = issuer.url
      await replica.stop()
      await delay(300)
    }
    await prove(fixture, proxy.url, { fault, revokeAt: () => revokeAt, finish })
  })

  test('Postgres stands still for longer than a view may be stale', async ({ onTestFinished: finish }) => {
    const fault = async () => {
      databasePath.pause()
      await delay(8000)
      databasePath.resume()
      await untilReady(issuer)
    }
    await prove(fixture, (await startProxyTo(issuer.url, finish)).url, { fault, isLong: true, finish })
  })

  test('Postgres is killed, and recovers from its log', async ({ onTestFinished: finish }) => {
    const fault = async () => {
      await postgres.kill()
      await delay(1000)
      await postgres.start()
      await untilReady(issuer)
    }
    await prove(fixture, (await startProxyTo(issuer.url, finish)).url, { fault, finish })
  })

  test('the issuer is killed and started again, twice', async ({ onTestFinished: finish }) => {
    const fault = async () => {
      for (let round = 0; round < 2; round++) {
        await issuer.stop('SIGKILL')
        await startIssuer()
        await untilReady(issuer)
      }
    }
    await prove(fixture, (await startProxyTo(issuer.url, finish)).url, { fault, finish })
  })

  test('an issuer that starts with very many live entries loses none, nor one that is made meanwhile', async ({
    onTestFinished: finish
  }) => {
    const fault = async () => {
      await issuer.stop()
      await addEntries(postgres.lastingUrl, liveEntries)
      await startIssuer()
    }
    await prove(fixture, (await startProxyTo(issuer.url, finish)).url, { fault, recoversWithinMs: 60_000, finish })
  }, 120_000)
}

/** Revokes what no token has. */
function addEntries(databaseUrl: string, count: number): Promise<unknown> {
  return query(
    databaseUrl,
    `INSERT INTO revocations (kind, value, expires_at)
     SELECT 'sid', gen_random_uuid()::text, now() + interval '10 minutes' FROM generate_series(1, $1::int)`,
    [count]
  )
}
