import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RevocationEntry } from '@countersign/oauth'
import { createTestRedis, startRedisContainer, startTcpProxy } from '@countersign/testing'
import { createRevocationView, systemClock } from '@countersign/verifier'
import { createRedisRevocationFeed, revocationKeys } from '@countersign/verifier/redis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { createRedisRevocationPublisher } from '../../src/stores/redis-revocation-publisher.ts'

const closables: { close(): Promise<unknown> }[] = []
const publisherTo = (url: string, maxEntryLifeSeconds = 3660) => {
  const publisher = createRedisRevocationPublisher({ url, maxEntryLifeSeconds })
  closables.push(publisher)
  return publisher
}
const viewOf = (url: string) => {
  const feed = createRedisRevocationFeed({ url })
  closables.push(feed)
  const view = createRevocationView({ clock: systemClock })
  feed.follow(view, systemClock)
  return view
}
const sidOf = (value: string = randomUUID(), seconds = 600): RevocationEntry => ({
  kind: 'sid',
  value,
  expiresAt: Math.floor(Date.now() / 1000) + seconds
})
const nothing = async function* (): AsyncGenerator<RevocationEntry[]> {}
const until = async (condition: () => boolean | Promise<boolean>, milliseconds: number) => {
  const deadline = performance.now() + milliseconds
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms`)
    await delay(2)
  }
}
const isCurrent = (view: { status(): { isCurrent: boolean } }) => () => view.status().isCurrent

afterEach(async () => {
  await Promise.all(closables.splice(0).map((closable) => closable.close()))
})

describe.skipIf(inject('redisUrl') === undefined)('the denylist in Redis (docs/revocation-feed.md)', () => {
  let url: string
  let admin: ReturnType<typeof createClient>

  beforeAll(async () => {
    url = await createTestRedis()
    admin = createClient({ url })
    await admin.connect()
  })
  beforeEach(async () => void (await admin.flushDb()))
  afterAll(() => admin?.destroy())

  it('has a key for each entry that goes with it, a message in the stream, and an epoch', async () => {
    const entry = sidOf('session-1')
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    await publisher.publish([entry, sidOf('too-late', -1)])
    expect(await admin.keys('*')).toHaveLength(3)
    expect(await admin.get('{countersign}:revoked:sid:session-1')).toBe('1')
    expect(await admin.expireTime('{countersign}:revoked:sid:session-1')).toBe(entry.expiresAt)
    const messages = await admin.xRange('{countersign}:revocations', '-', '+')
    expect(messages?.map(({ message }) => ({ ...message }))).toEqual([
      { kind: 'epoch', value: await admin.get('{countersign}:epoch'), exp: '0' },
      { kind: 'sid', value: 'session-1', exp: String(entry.expiresAt) }
    ])
    const runId = /run_id:(\w+)/.exec(await admin.info('server'))?.[1]
    expect(await admin.get('{countersign}:epoch')).toMatch(new RegExp(`^[0-9a-f-]{36}\\.${runId}$`))
  })

  it('has all its keys in one slot of a cluster', () => {
    const { epoch, stream, entry, rebuild } = revocationKeys
    for (const key of [epoch, stream, entry('sid', '{x}y'), rebuild('id')]) expect(key).toMatch(/^\{countersign\}:/)
  })

  it('trims the stream to what can still be alive', async () => {
    for (let at = 1; at <= 1000; at++)
      await admin.xAdd(revocationKeys.stream, `${at}-0`, { kind: 'sid', value: 'old', exp: '1' })
    const publisher = publisherTo(url)
    await publisher.publish([sidOf()])
    expect(await admin.xLen(revocationKeys.stream)).toBeLessThanOrEqual(101)
    await publisher.rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
  })

  it('does not vouch for a stream that was deleted or evicted', async () => {
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    await admin.del(revocationKeys.stream)
    await until(() => !view.status().isCurrent, 1000)
    expect(await publisher.isIntact()).toBe(false)
    await publisher.publish([sidOf()])
    expect(await admin.get(revocationKeys.epoch)).toBeNull()
    await publisher.rebuild(nothing())
    await until(isCurrent(view), 1000)
  })

  it('does not vouch for a feed that is half written anew', async () => {
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    await admin.del(revocationKeys.stream)
    await until(() => !view.status().isCurrent, 1000)
    const other = publisherTo(url)
    async function* slowly() {
      for (let round = 0; round < 4; round++) {
        yield [sidOf()]
        await delay(100)
        expect(await other.isIntact()).toBe(false)
        expect(view.status().isCurrent).toBe(false)
      }
    }
    await publisher.rebuild(slowly())
    expect(await other.isIntact()).toBe(true)
    await until(isCurrent(view), 1000)
  })

  it('does not vouch for a stream that went back', async () => {
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    await admin.multi().del(revocationKeys.stream).xAdd(revocationKeys.stream, '1-1', { kind: 'x' }).exec()
    await until(() => !view.status().isCurrent, 1000)
    await delay(400)
    expect(view.status().isCurrent).toBe(false)
    await publisher.rebuild(nothing())
    await until(isCurrent(view), 1000)
  })

  it('reads a new life from its beginning, also when its ids are lower than the ones before', async () => {
    await publisherTo(url).rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    // As after a failover to a server whose clock is behind.
    const runId = /run_id:(\w+)/.exec(await admin.info('server'))?.[1]
    const { stream, epoch } = revocationKeys
    const message = { kind: 'sid', value: 'session-1', exp: '9999999999' }
    await admin.multi().flushDb().xAdd(stream, '5-1', message).set(epoch, `${randomUUID()}.${runId}`).exec()
    await until(() => view.isRevoked({ jti: 'x', sid: 'session-1', kid: 'x' }), 1000)
    await until(() => view.staleness() < 300, 1000)
  })

  it('does not vouch for an epoch of another server process', async () => {
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    await admin.set(revocationKeys.epoch, `${randomUUID()}.${'0'.repeat(40)}`)
    const view = viewOf(url)
    await delay(400)
    expect(view.status().isLoaded).toBe(false)
    expect(await publisher.isIntact()).toBe(false)
    await publisher.rebuild(nothing())
    await until(isCurrent(view), 1000)
  })

  it('follows on through messages that make no sense', async () => {
    await publisherTo(url).rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    const { stream } = revocationKeys
    await admin.xAdd(stream, '*', { something: 'else' })
    await admin.xAdd(stream, '*', { kind: 'sid', value: 'a', exp: 'soon' })
    await admin.xAdd(stream, '*', { kind: 'ip', value: '10.0.0.1', exp: '9999999999' })
    await admin.xAdd(stream, '*', { kind: 'sid', value: 'b', exp: '9999999999' })
    await until(() => view.isRevoked({ jti: 'x', sid: 'b', kid: 'x' }), 200)
    expect(view.status()).toMatchObject({ isCurrent: true, entries: 1 })
  })

  it('can be followed and asked with the few rights that its page names', async () => {
    await publisherTo(url).rebuild(
      (async function* () {
        yield [sidOf('session-1')]
      })()
    )
    const name = `verifier-${randomUUID()}`
    const rights = ['~{countersign}:*', '+hello', '+select', '+info', '+get', '+mget', '+xread', '+xinfo|stream']
    await admin.aclSetUser(name, ['on', '>secret', ...rights])
    try {
      const limited = new URL(url)
      limited.username = name
      limited.password = 'secret'
      const feed = createRedisRevocationFeed({ url: limited.href })
      closables.push(feed)
      const view = createRevocationView({ clock: systemClock })
      feed.follow(view, systemClock)
      await until(isCurrent(view), 1000)
      expect(view.isRevoked({ jti: 'x', sid: 'session-1', kid: 'x' })).toBe(true)
      expect(await feed.checkDirectly({ jti: 'x', sid: 'session-1', kid: 'x' })).toBe(true)
    } finally {
      await admin.aclDelUser(name)
    }
  })

  describe('a script that closes its verifier', () => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    /** Runs the built packages, as a user of them does. */
    const run = async (redisUrl: string, isReady: boolean) => {
      const script = `
        import { createAccessTokenVerifier } from '@countersign/verifier'
        import { redisRevocations } from '@countersign/verifier/redis'
        const verifier = createAccessTokenVerifier({
          issuer: 'https://auth.example.com',
          audience: 'https://api.example.com',
          jwksUri: 'http://127.0.0.1:1/jwks',
          revocations: redisRevocations({ url: ${JSON.stringify(redisUrl)} })
        })
        const { setTimeout } = await import('node:timers/promises')
        const { isCurrent } = await setTimeout(400, undefined).then(() => verifier.status().revocations)
        await verifier.verify('x').catch(() => {})
        const closedAt = performance.now()
        await verifier.close()
        process.on('exit', () => console.log(JSON.stringify({ isCurrent, lingered: performance.now() - closedAt })))
      `
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        cwd,
        timeout: 10_000
      })
      const { isCurrent, lingered } = JSON.parse(stdout) as { isCurrent: boolean; lingered: number }
      expect(isCurrent).toBe(isReady)
      expect(lingered).toBeLessThan(300)
    }

    it('exits at once, connected or not', async () => {
      await publisherTo(url).rebuild(nothing())
      await run(url, true)
      await run('redis://127.0.0.1:1', false)
      const proxy = await startTcpProxy({ target: url })
      closables.push(proxy)
      proxy.pause()
      await run(proxy.url, false)
    })
  })
})

describe.skipIf(!inject('docker'))('the denylist over a Redis that fails', () => {
  let redis: Awaited<ReturnType<typeof startRedisContainer>>

  beforeAll(async () => {
    // It keeps its data over a restart: the hard case, since then the epoch is still there.
    redis = await startRedisContainer({ persistent: true })
  })
  afterAll(() => redis?.remove())

  it('is not fresh after a crash and restart until it is rebuilt, and keeps what was known', async () => {
    const publisher = publisherTo(redis.url)
    const entry = sidOf()
    await publisher.rebuild(nothing())
    await publisher.publish([entry])
    const view = viewOf(redis.url)
    await until(isCurrent(view), 1000)

    await redis.kill()
    await until(() => !view.status().isCurrent, 1000)
    await redis.start()
    await delay(1000)
    expect(view.status().isCurrent).toBe(false)
    expect(await publisher.isIntact()).toBe(false)
    expect(view.isRevoked({ jti: 'x', sid: entry.value, kid: 'x' })).toBe(true)
    await publisher.rebuild(nothing())
    await until(isCurrent(view), 1000)
  })

  it('fails a rebuild over which the server was restarted, although its data are still there', async () => {
    const publisher = publisherTo(redis.url)
    async function* restartedMidway() {
      yield [sidOf()]
      await delay(1100) // the append-only file is written once a second
      await redis.kill()
      await redis.start()
      yield [sidOf()]
    }
    await until(
      () =>
        publisher.isIntact().then(
          () => true,
          () => false
        ),
      5000
    )
    await expect(publisher.rebuild(restartedMidway())).rejects.toThrow()
    expect(await publisher.isIntact()).toBe(false)
    await publisher.rebuild(nothing())
    expect(await publisher.isIntact()).toBe(true)
  })

  it('is interrupted within a second when the server is paused, and recovers by itself', async () => {
    const publisher = publisherTo(redis.url)
    await publisher.rebuild(nothing())
    const view = viewOf(redis.url)
    await until(isCurrent(view), 1000)
    const pausing = redis.pause()
    await pausing
    await until(() => !view.status().isCurrent, 1000)
    await redis.unpause()
    await until(isCurrent(view), 4000)
  })
})
