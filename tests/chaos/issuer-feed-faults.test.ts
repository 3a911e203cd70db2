import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  createTestRedis,
  findLastingPort,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase
} from '@countersign/testing'
import { post, register, signIn, startTrio, type Trio, untilReady, unverifiedClaims } from '@countersign/testing/trio'
import { createAccessTokenVerifier, issuerRevocations, toHttpResponse, VerifierError } from '@countersign/verifier'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { isInstalled, startHaproxy, startNginx } from '../integration/fixtures/front-proxy.ts'
import { type Judge, type Session, startTraffic, violationsIn } from './feed-traffic.ts'

/** After the revoking call has answered, a token may still be accepted for so long: while the feed is healthy, … */
const healthyBoundMs = 1000
/** … and during a fault: `maxStalenessSeconds`, and what a busy machine adds. */
const faultBoundMs = 5500

/** Each test has its own way to the issuer and its own sessions, so they wait for their faults at the same time. */
describe.skipIf(!inject('docker'))('the feed over HTTP under faults', () => {
  let database: TestDatabase
  let databasePath: TcpProxy
  let trio: Trio
  let unused: Session[]

  beforeAll(async () => {
    database = await createTestDatabase()
    databasePath = await startTcpProxy({ target: database.url })
    trio = await startTrio({
      databaseUrl: databasePath.url,
      redisUrl: await createTestRedis(),
      authReplicas: 2,
      resourceReplicas: 0,
      env: { REVOCATION_FEED_ACCESS: 'open', PASSWORD_HASH_QUEUE: '1000' }
    })
    const user = await register(trio.auth.url)
    unused = []
    // No more at once than are hashed soon on a busy machine.
    while (unused.length < 60) {
      for (const { access_token: accessToken } of await Promise.all(
        Array.from({ length: 10 }, () => signIn(trio.auth.url, user))
      )) {
        unused.push({ accessToken, sid: unverifiedClaims(accessToken).sid })
      }
    }
  })
  afterAll(async () => {
    await trio?.stop()
    await databasePath?.close()
    await database?.drop()
  })

  function join(feedUrl: string, finish: (work: () => Promise<void>) => void): Judge & { isCurrent(): boolean } {
    const verifier = createAccessTokenVerifier({
      issuer: trio.issuer,
      audience: 'http://api.test',
      jwksUri: `${trio.auth.url}/.well-known/jwks.json`,
      revocations: issuerRevocations({ feedUri: new URL('/revocations/feed', feedUrl).href }),
      logger: { info: () => {}, warn: () => {} }
    })
    finish(() => verifier.close())
    const ask = (accessToken: string) =>
      verifier.verify(accessToken).then(
        () => 200,
        (error: unknown) => {
          if (error instanceof VerifierError) return toHttpResponse(error).status
          throw error
        }
      )
    return { name: 'verifier', pauseMs: 8, ask, isCurrent: () => verifier.status().revocations?.isCurrent === true }
  }

  interface Proof {
    readonly fault: () => Promise<void>
    /** Whether the fault is long enough for the verifier to answer 503. */
    readonly isLong?: boolean
    /** Which replica ends sessions. */
    readonly revokeAt?: () => string
    readonly finish: (work: () => Promise<void>) => void
  }

  /** Asks all the time, before, during and after the fault, and ends sessions in all three phases. */
  async function prove(feedUrl: string, { fault, isLong = false, revokeAt, finish }: Proof): Promise<void> {
    const good = unused.splice(0, 1)
    const revoked: Session[] = []
    const revoke = async (boundMs: number) => {
      const session = unused.pop() as Session
      const revocation = { sentAt: performance.now(), answeredAt: Number.POSITIVE_INFINITY, boundMs }
      session.revocation = revocation
      revoked.push(session)
      const { status } = await post(`${revokeAt?.() ?? trio.auth.url}/auth/logout`, undefined, session.accessToken)
      // While Postgres is away the logout is repeated.
      if (status === 503) return session
      expect(status).toBe(204)
      revocation.answeredAt = performance.now()
      return session
    }
    const judge = join(feedUrl, finish)
    // Tests that run beside each other have no expect.poll.
    await vi.waitUntil(() => judge.isCurrent(), { timeout: 10_000, interval: 50 })
    const traffic = startTraffic([judge], () => [...good, ...revoked])
    const first = await revoke(healthyBoundMs)
    // A verifier that is cut off before it has heard cannot keep the bound.
    await vi.waitUntil(async () => (await judge.ask(first.accessToken)) === 401, { timeout: 5000, interval: 20 })
    const faultFrom = performance.now()
    const during = delay(500).then(() => revoke(faultBoundMs))
    await fault()
    await during
    await revoke(faultBoundMs)
    const answers = () =>
      Promise.all([...good, ...revoked.filter(isEnded)].map(({ accessToken }) => judge.ask(accessToken)))
    const wanted = () => [200, ...revoked.filter(isEnded).map(() => 401)]
    await vi.waitUntil(async () => judge.isCurrent() && (await answers()).join() === wanted().join(), {
      timeout: 12_000,
      interval: 50
    })
    const recoveredBy = performance.now()
    await revoke(healthyBoundMs)
    await delay(healthyBoundMs + 100)
    await traffic.stop()
    expect(violationsIn(traffic.answers, { faultFrom, recoveredBy })).toEqual([])
    if (isLong) expect(traffic.answers.some(({ status }) => status === 503)).toBe(true)
  }
  const isEnded = ({ revocation }: Session) => Number.isFinite(revocation?.answeredAt)

  const path = async (finish: (work: () => Promise<void>) => void) => {
    const proxy = await startTcpProxy({ target: trio.auth.url })
    finish(() => proxy.close())
    return proxy
  }

  describe.concurrent('on the way', () => {
    test('the verifier is cut off for longer than a view may be stale', async ({ onTestFinished: finish }) => {
      const proxy = await path(finish)
      const fault = async () => {
        await proxy.cut()
        await delay(6500)
        await proxy.restore()
      }
      await prove(proxy.url, { fault, isLong: true, finish })
    })

    test('the connection is half-open: nothing is refused, and nothing arrives', async ({ onTestFinished: finish }) => {
      const proxy = await path(finish)
      const fault = async () => {
        proxy.pause()
        await delay(6500)
        proxy.resume()
      }
      await prove(proxy.url, { fault, isLong: true, finish })
    })

    test('connections are reset again and again', async ({ onTestFinished: finish }) => {
      const proxy = await path(finish)
      const fault = async () => {
        for (let round = 0; round < 30; round++) {
          proxy.dropConnections()
          await delay(100)
        }
      }
      await prove(proxy.url, { fault, finish })
    })

    test('everything arrives four seconds late: the view is never current', async ({ onTestFinished: finish }) => {
      const proxy = await startTcpProxy({ target: trio.auth.url, delayMilliseconds: 4000 })
      finish(() => proxy.close())
      const judge = join(proxy.url, finish)
      for (const end = performance.now() + 9000; performance.now() < end; await delay(50)) {
        expect(judge.isCurrent()).toBe(false)
      }
    })

    test('a cache replays a stream that was good once: the view is never current', async ({
      onTestFinished: finish
    }) => {
      const recorded = await recordStream(`${trio.auth.url}/revocations/feed?nonce=recorded`)
      expect(recorded).toContain('event: current')
      const server = createServer((_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(recorded)
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      finish(async () => {
        server.closeAllConnections()
        server.close()
      })
      const judge = join(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, finish)
      const [session] = unused.splice(0, 1)
      for (const end = performance.now() + 3000; performance.now() < end; await delay(50)) {
        expect(await judge.ask(session?.accessToken ?? '')).toBe(503)
      }
    })

    test('the issuer is replaced by its replica, and back', async ({ onTestFinished: finish }) => {
      const proxy = await path(finish)
      const [one, other] = trio.auths.map(({ url }) => url) as [string, string]
      const fault = async () => {
        for (const next of [other, one, other]) {
          proxy.retarget(next)
          await delay(700)
        }
      }
      await prove(proxy.url, { fault, revokeAt: () => one, finish })
    })

    test.skipIf(!isInstalled('nginx'))('nginx as it is passes the feed', async ({ onTestFinished: finish }) => {
      const port = await findLastingPort()
      const nginx = await startNginx(
        `server { listen 127.0.0.1:${port}; location / { proxy_pass ${trio.auth.url}; } }`,
        port
      )
      finish(() => nginx.stop())
      await prove(`http://127.0.0.1:${port}`, { fault: () => delay(1000), finish })
    })

    const startBalancer = (port: number, options: readonly string[]) =>
      startHaproxy(
        `
        defaults
          mode http
          timeout connect 2s
          timeout client 60s
          timeout server 60s
        listen issuer
          bind 127.0.0.1:${port}
          ${options.join('\n          ')}
          server one ${new URL(trio.auth.url).host}
`,
        port
      )

    /** A proxy that keeps what the issuer sends, as nginx and HAProxy do when they are told to. */
    async function proveThatNoGapIsHidden(port: number, finish: typeof onTestFinished): Promise<void> {
      const judge = join(`http://127.0.0.1:${port}`, finish)
      const [session] = unused.splice(0, 1)
      await delay(1000)
      await post(`${trio.auth.url}/auth/logout`, undefined, session?.accessToken)
      const endedAt = performance.now()
      for (; performance.now() < endedAt + 6000; await delay(50)) {
        const status = await judge.ask(session?.accessToken ?? '')
        if (performance.now() > endedAt + faultBoundMs) expect([401, 503]).toContain(status)
      }
    }

    test.skipIf(!isInstalled('nginx'))(
      'nginx that buffers all the same never hides a gap',
      async ({ onTestFinished: finish }) => {
        const port = await findLastingPort()
        const nginx = await startNginx(
          `server { listen 127.0.0.1:${port}; location / { proxy_pass ${trio.auth.url}; proxy_buffering on; proxy_buffers 8 64k; proxy_buffer_size 64k; proxy_ignore_headers X-Accel-Buffering; } }`,
          port
        )
        finish(() => nginx.stop())
        await proveThatNoGapIsHidden(port, finish)
      }
    )

    test.skipIf(!isInstalled('haproxy'))(
      'HAProxy that waits for the whole body never hides a gap',
      async ({ onTestFinished: finish }) => {
        const port = await findLastingPort()
        const haproxy = await startBalancer(port, ['http-response wait-for-body time 60s'])
        finish(() => haproxy.stop())
        await proveThatNoGapIsHidden(port, finish)
      }
    )

    test.skipIf(!isInstalled('haproxy'))('HAProxy as it is passes the feed', async ({ onTestFinished: finish }) => {
      const port = await findLastingPort()
      const haproxy = await startBalancer(port, [
        'option http-buffer-request',
        'compression algo gzip',
        'compression type text/event-stream'
      ])
      finish(() => haproxy.stop())
      await prove(`http://127.0.0.1:${port}`, { fault: () => delay(1000), finish })
    })
  })

  test('Postgres stands still for longer than a view may be stale', async () => {
    const fault = async () => {
      databasePath.pause()
      await delay(8000)
      databasePath.resume()
      await Promise.all(trio.auths.map((auth) => untilReady(auth)))
    }
    await prove(trio.auth.url, { fault, isLong: true, finish: onTestFinished })
  })

  test('the issuers are restarted one after the other', async () => {
    const [first, second] = trio.auths as [Trio['auth'], Trio['auth']]
    const proxy = await startTcpProxy({ target: first.url })
    onTestFinished(() => proxy.close())
    let revokeAt = second.url
    const fault = async () => {
      proxy.retarget(second.url, { keepsConnections: true })
      await first.stop()
      await delay(300)
      const next = await trio.startAuth({ PORT: new URL(first.url).port })
      await untilReady(next)
      proxy.retarget(next.url, { keepsConnections: true })
      revokeAt = next.url
      await second.stop()
      await delay(300)
    }
    await prove(proxy.url, { fault, revokeAt: () => revokeAt, finish: onTestFinished })
  })
})

async function recordStream(url: string): Promise<string> {
  const abort = new AbortController()
  const response = await fetch(url, { signal: abort.signal })
  let text = ''
  for await (const bytes of response.body ?? []) {
    text += Buffer.from(bytes).toString()
    if (text.includes('event: current')) break
  }
  abort.abort()
  return text
}
