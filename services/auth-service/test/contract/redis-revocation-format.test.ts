import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTestRedis, startRedisContainer, startTcpProxy, until } from '@countersign/testing'
import { createRevocationView, type RevocationEntry, systemClock } from '@countersign/verifier'
import { createRedisRevocationFeed, revocationKeys } from '@countersign/verifier/redis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { createRedisRevocationPublisher } from '../../src/stores/redis/revocation-publisher.ts'

const closables: { close(): Promise<unknown> }[] = []
const publisherTo = (url: string, clock?: { now(): number }) => {
  const publisher = createRedisRevocationPublisher({ url, clock })
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
/** What is dead by now was alive then. */
const twoMinutesAgo = { now: () => Date.now() - 120_000 }
const nothing = async function* (): AsyncGenerator<RevocationEntry[]> {}
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
    const { stream, epoch, length, outboxDrained } = revocationKeys
    const messages = async () => (await admin.xRange(stream, '-', '+'))?.map(({ message }) => ({ ...message }))
    await publisher.rebuild(nothing())
    expect(await messages()).toEqual([{ kind: 'epoch', value: await admin.get(epoch), exp: '0' }])
    await publisher.publish([entry, sidOf('too-late', -1)])
    const keys = [stream, epoch, length, outboxDrained, '{countersign}:revoked:sid:session-1']
    expect((await admin.keys('*')).sort()).toEqual(keys.sort())
    expect(await admin.get('{countersign}:revoked:sid:session-1')).toBe('1')
    expect(await admin.expireTime('{countersign}:revoked:sid:session-1')).toBe(entry.expiresAt)
    expect(await messages()).toEqual([{ kind: 'sid', value: 'session-1', exp: String(entry.expiresAt) }])
    expect(await admin.get(length)).toBe('1')
    expect(await admin.pTTL(outboxDrained)).toBeGreaterThan(2000)
    const runId = /run_id:(\w+)/.exec(await admin.info('server'))?.[1]
    expect(await admin.get(epoch)).toMatch(new RegExp(`^[0-9a-f-]{36}\\.${runId}$`))
  })

  it('remembers the entries of the last seconds, also when very many are published at once, and at least the last 64', async () => {
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    const withId = (id: number) => ({ ...sidOf(), id: BigInt(id) })
    const remembered = async () => (await publisher.readDatabaseMemory()).lastPublished.map(({ id }) => Number(id))
    const lost = [withId(1001), { kind: 'kid', value: 'key', expiresAt: sidOf().expiresAt, id: 1002n } as const]
    await publisher.publish(lost)
    await publisher.publish(Array.from({ length: 700 }, (_, at) => withId(2000 + at)))
    expect(await remembered()).toEqual([1001, ...Array.from({ length: 700 }, (_, at) => 2000 + at)])
    // By the time that they were published at, all but the newest are old now.
    const members = await admin.zRangeWithScores('{countersign}:published', 0, -1)
    await admin.zAdd(
      '{countersign}:published',
      members.map(({ value, score }) => ({ value, score: score - 11_000 }))
    )
    await publisher.publish([withId(3000)])
    expect(await remembered()).toEqual([...Array.from({ length: 63 }, (_, at) => 2637 + at), 3000])
    await publisher.publish(Array.from({ length: 5000 }, (_, at) => withId(4000 + at)))
    expect(await remembered()).toEqual(Array.from({ length: 4096 }, (_, at) => 4904 + at))
  })

  it('remembers that the database is older until an operator decides, and respects a newer decision', async () => {
    const publisher = publisherTo(url)
    expect(await publisher.readDatabaseMemory()).toEqual({ isHeld: false, decision: undefined, lastPublished: [] })
    expect(await publisher.holdDatabase(undefined)).toBe(true)
    expect(await publisher.readDatabaseMemory()).toMatchObject({ isHeld: true, decision: undefined })
    await publisher.acceptDatabase()
    const { isHeld, decision } = await publisher.readDatabaseMemory()
    expect([isHeld, decision]).toEqual([false, expect.stringMatching(/^[0-9a-f-]{36}$/)])
    expect(await publisher.holdDatabase(undefined)).toBe(false)
    expect(await publisher.readDatabaseMemory()).toMatchObject({ isHeld: false, decision })
    expect(await publisher.holdDatabase(decision)).toBe(true)
    await publisher.acceptDatabase()
    expect((await publisher.readDatabaseMemory()).decision).not.toBe(decision)
  })

  it('has all its keys in one slot of a cluster', () => {
    const { entry, rebuild, ...others } = revocationKeys
    for (const key of [...Object.values(others), entry('sid', '{x}y'), rebuild('id')])
      expect(key).toMatch(/^\{countersign\}:/)
  })

  it('trims the stream to the entries that can still be alive', async () => {
    for (let at = 1; at <= 1000; at++)
      await admin.xAdd(revocationKeys.stream, `${at}-0`, { kind: 'sid', value: 'old', exp: '1' })
    const publisher = publisherTo(url)
    await publisher.publish([sidOf()])
    expect(await admin.xLen(revocationKeys.stream)).toBe(1)
    await publisher.rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
  })

  it('trims nothing that is alive behind a message that is not, nor anything when asked in between', async () => {
    const publisher = publisherTo(url)
    await publisherTo(url, twoMinutesAgo).rebuild(
      (async function* () {
        yield [sidOf('brief', -100), sidOf('long'), sidOf('brief too', -100)]
      })()
    )
    await publisher.trim()
    const values = (await admin.xRange(revocationKeys.stream, '-', '+'))?.map(({ message }) => message.value)
    expect(values?.slice(0, 2)).toEqual(['long', 'brief too'])
    expect(await publisher.isIntact()).toBe(true)
  })

  it('moves the entry of a key, which lives for days, out of the way of what has expired behind it', async () => {
    const alive = String(Math.floor(Date.now() / 1000) + 86_400)
    const justNow = `${Date.now() - 1000}-0`
    await admin.xAdd(revocationKeys.stream, '1-0', { kind: 'kid', value: 'old-key', exp: alive })
    await admin.xAdd(revocationKeys.stream, '2-0', { kind: 'sid', value: 'dead', exp: '1' })
    await admin.xAdd(revocationKeys.stream, justNow, { kind: 'kid', value: 'young-key', exp: alive })
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    await publisher.trim()
    const messages = (await admin.xRange(revocationKeys.stream, '-', '+')) ?? []
    const kept = messages.filter(({ message }) => message.kind !== 'epoch')
    expect(kept.map(({ message }) => ({ ...message }))).toEqual([
      { kind: 'kid', value: 'young-key', exp: alive },
      { kind: 'kid', value: 'old-key', exp: alive }
    ])
    expect(kept[0]?.id).toBe(justNow)
    expect(await publisher.isIntact()).toBe(true)
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    expect(view.isRevoked({ jti: 'j', sid: 's', kid: 'old-key' })).toBe(true)
  })

  it('shrinks by thousands, in steps', async () => {
    const publisher = publisherTo(url)
    await publisherTo(url, twoMinutesAgo).rebuild(
      (async function* () {
        yield Array.from({ length: 4321 }, () => sidOf(randomUUID(), -100))
      })()
    )
    expect(await admin.xLen(revocationKeys.stream)).toBeGreaterThan(4000)
    await publisher.trim()
    expect(await admin.xLen(revocationKeys.stream)).toBe(0)
    expect(await publisher.isIntact()).toBe(true)
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
  })

  it.each([
    ['trimmed', (stream: string) => admin.xTrim(stream, 'MAXLEN', 1)],
    ['emptied', (stream: string) => admin.xTrim(stream, 'MAXLEN', 0)],
    [
      'robbed of one message',
      async (stream: string) => {
        const [first] = (await admin.xRange(stream, '-', '+', { COUNT: 1 })) ?? []
        return admin.xDel(stream, first?.id ?? '')
      }
    ]
  ])('does not confirm a stream that was %s by hand, and its next publication says so to everyone', async (_, harm) => {
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    await publisher.publish([sidOf(), sidOf()])
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    expect(await publisher.isIntact()).toBe(true)
    expect(await harm(revocationKeys.stream)).toBeGreaterThan(0)
    expect(await publisher.isIntact()).toBe(false)
    await publisher.publish([sidOf()])
    await until(() => !view.status().isCurrent, 1000)
    expect(await admin.get(revocationKeys.epoch)).toBeNull()
    await publisher.rebuild(nothing())
    expect(await publisher.isIntact()).toBe(true)
    await until(isCurrent(view), 1000)
  })

  it('fails a rebuild over which the stream was trimmed by hand', async () => {
    const publisher = publisherTo(url)
    async function* trimmedMidway() {
      yield [sidOf(), sidOf()]
      await admin.xTrim(revocationKeys.stream, 'MAXLEN', 1)
    }
    await expect(publisher.rebuild(trimmedMidway())).rejects.toThrow('REBUILDLOST')
    expect(await publisher.isIntact()).toBe(false)
  })

  it('removes no entry early when a clock is wrong by an hour, ahead or behind', async () => {
    const shifted = (hours: number) => ({
      now: () => Date.now() + hours * 3_600_000,
      monotonic: () => performance.now()
    })
    for (const [hours, truth] of [
      [-1, shifted(-1)],
      [-1, shifted(0)],
      [1, shifted(1)],
      [1, shifted(0)]
    ] as const) {
      await admin.flushDb()
      // Either this Redis is an hour off, or the issuer is.
      const clock = shifted(hours)
      const entry = { kind: 'sid', value: 'session-1', expiresAt: Math.ceil(truth.now() / 1000) + 600 } as const
      const publisher = publisherTo(url, clock)
      await publisher.rebuild(nothing())
      await publisher.publish([entry])
      await publisher.trim()
      expect(await admin.pTTL('{countersign}:revoked:sid:session-1')).toBeGreaterThan(590_000)
      const feed = createRedisRevocationFeed({ url })
      closables.push(feed)
      const view = createRevocationView({ clock: truth })
      feed.follow(view, truth)
      await until(isCurrent(view), 1000)
      expect(view.isRevoked({ jti: 'x', sid: 'session-1', kid: 'x' })).toBe(true)
    }
  })

  it('is not current after an interruption, nor responds directly, until an issuer confirms it', async () => {
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    const proxy = await startTcpProxy({ target: url })
    closables.push(proxy)
    const feed = createRedisRevocationFeed({ url: proxy.url })
    closables.push(feed)
    const view = createRevocationView({ clock: systemClock })
    feed.follow(view, systemClock)
    await until(isCurrent(view), 1000)
    await proxy.cut()
    await delay(3500)
    await proxy.restore()
    await delay(1500)
    expect(view.status().isCurrent).toBe(false)
    await expect(feed.checkDirectly({ jti: 'x', kid: 'x' })).rejects.toThrow('no issuer confirms')
    const { view: late } = { view: viewOf(url) }
    await delay(300)
    expect(late.status().isLoaded).toBe(false)
    await publisher.confirmPublished()
    await until(() => isCurrent(view)() && isCurrent(late)(), 1000)
    expect(await feed.checkDirectly({ jti: 'x', kid: 'x' })).toBe(false)
  })

  it('ignores a delayed confirmation: a command that a stopped Redis runs late confirms nothing', async () => {
    const monitor = createClient({ url })
    await monitor.connect()
    const seen: string[][] = []
    // MONITOR shows the databases of other tests too: `1700000000.000001 [7 127.0.0.1:60866] "SET" …`.
    const database = new URL(url).pathname.slice(1) || '0'
    await monitor.monitor((line) => {
      if (!line.toString().includes(`[${database} `)) return
      seen.push([...line.toString().matchAll(/"([^"]*)"/g)].map(([, word]) => word as string))
    })
    const publisher = publisherTo(url)
    await publisher.rebuild(nothing())
    await publisher.confirmPublished()
    expect(await admin.pTTL(revocationKeys.outboxDrained)).toBeGreaterThan(0)
    const isWord = ([command, key]: string[]) => command === 'SET' && key === revocationKeys.outboxDrained
    // One at the end of the rebuild, out of its script, and one by itself.
    await until(() => seen.filter(isWord).length === 2, 10_000)
    monitor.destroy()
    await delay(3100)
    for (const word of seen.filter(isWord)) {
      await admin.sendCommand(word)
      expect(await admin.exists(revocationKeys.outboxDrained), word.join(' ')).toBe(0)
    }
  })

  it('stays current without an issuer for as long as nothing interrupts it', async () => {
    await publisherTo(url).rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    await delay(4000)
    expect(await admin.exists(revocationKeys.outboxDrained)).toBe(0)
    const staleness: number[] = []
    while (staleness.length < 20) {
      await delay(100)
      staleness.push(view.staleness())
    }
    // A busy machine makes some of them older.
    expect(staleness.toSorted((a, b) => a - b)[14], staleness.join(', ')).toBeLessThan(900)
  })

  it('reports the propagation time of a live entry, but not of older ones', async () => {
    const publisher = publisherTo(url)
    await publisher.rebuild(
      (async function* () {
        yield [sidOf('old')]
      })()
    )
    const heard: number[] = []
    const feed = createRedisRevocationFeed({ url })
    closables.push(feed)
    const view = createRevocationView({ clock: systemClock, onPropagated: (seconds) => heard.push(seconds) })
    feed.follow(view, systemClock)
    await until(isCurrent(view), 1000)
    expect(heard).toEqual([])
    const sent = performance.now()
    const entries = [sidOf(), sidOf(), sidOf()]
    for (const entry of entries) await publisher.publish([entry])
    await publisher.publish(entries)
    await until(() => view.status().entries === 4, 1000)
    const longest = (performance.now() - sent) / 1000
    expect(heard).toHaveLength(3)
    for (const seconds of heard) expect(seconds).toBeLessThanOrEqual(longest + 0.2) // the offset between the clocks is known no better
    // Rewritten, it is the past again.
    await admin.del(revocationKeys.stream)
    await until(() => !view.status().isCurrent, 1000)
    await publisher.rebuild(
      (async function* () {
        yield [...entries, sidOf('missed')]
      })()
    )
    await until(() => view.status().entries === 5, 1000)
    expect(heard).toHaveLength(3)
  })

  it('does not confirm a stream that was deleted or evicted', async () => {
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

  it('does not confirm a feed that is half rewritten', async () => {
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

  it('does not confirm a stream that went back', async () => {
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

  it('reads a new epoch from its beginning, also when its ids are lower than the ones before', async () => {
    await publisherTo(url).rebuild(nothing())
    const view = viewOf(url)
    await until(isCurrent(view), 1000)
    // As after a failover to a server whose clock is behind.
    const runId = /run_id:(\w+)/.exec(await admin.info('server'))?.[1]
    const { stream, epoch, outboxDrained } = revocationKeys
    const message = { kind: 'sid', value: 'session-1', exp: '9999999999' }
    const newEpoch = `${randomUUID()}.${runId}`
    await admin.multi().flushDb().xAdd(stream, '5-1', message).set(epoch, newEpoch).set(outboxDrained, '1').exec()
    await until(() => view.isRevoked({ jti: 'x', sid: 'session-1', kid: 'x' }), 1000)
    // A subscription proves that nothing is missing once it is one and a half seconds old.
    await until(() => view.staleness() < 700, 5000)
  })

  it('does not accept an epoch of another server process', async () => {
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
    await until(() => view.isRevoked({ jti: 'x', sid: 'b', kid: 'x' }), 1000)
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
        const isCurrentNow = () => verifier.status().revocations.isCurrent
        const until = performance.now() + ${isReady ? 8000 : 400}
        while (performance.now() < until && !(${isReady} && isCurrentNow())) await setTimeout(50)
        const isCurrent = isCurrentNow()
        await verifier.verify('x').catch(() => {})
        const closedAt = performance.now()
        await verifier.close()
        process.on('exit', () => console.log(JSON.stringify({ isCurrent, lingered: performance.now() - closedAt })))
      `
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        cwd,
        timeout: 20_000
      })
      const { isCurrent, lingered } = JSON.parse(stdout) as { isCurrent: boolean; lingered: number }
      expect(isCurrent).toBe(isReady)
      expect(lingered).toBeLessThan(1000)
    }

    it('exits at once, connected or not', async () => {
      const publisher = publisherTo(url)
      await publisher.rebuild(nothing())
      // A confirmation lives for three seconds, and a process may take as long to start.
      const confirming = setInterval(() => void publisher.confirmPublished().catch(() => {}), 1000)
      await run(url, true).finally(() => clearInterval(confirming))
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

  it('is not fresh after a crash and restart until it is rebuilt, and keeps the known entries', async () => {
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

  describe('while the memory of Redis is full', () => {
    let admin: ReturnType<typeof createClient>
    const limitMemory = (bytes: string) => admin.configSet('maxmemory', bytes)

    beforeAll(async () => {
      admin = createClient({ url: redis.url })
      await admin.connect()
    })
    afterEach(() => limitMemory('0'))
    afterAll(() => admin?.destroy())

    it('is withdrawn by a backlog report until it is rebuilt', async () => {
      const publisher = publisherTo(redis.url)
      await publisher.rebuild(nothing())
      await limitMemory('1')
      await expect(publisher.publish([sidOf()])).rejects.toThrow(/OOM/)
      await publisher.reportBacklog()
      expect(await publisher.isIntact()).toBe(false)
      await limitMemory('0')
      await publisher.rebuild(nothing())
      await publisher.reportBacklog()
      expect(await publisher.isIntact()).toBe(true)
    })

    it('is not confirmed by a rebuild during which a publication failed, and is withdrawn by the next report', async () => {
      const publisher = publisherTo(redis.url)
      await publisher.rebuild(nothing())
      expect(await admin.exists(revocationKeys.outboxDrained)).toBe(1)
      async function* fullMeanwhile() {
        await limitMemory('1')
        await expect(publisher.publish([sidOf()])).rejects.toThrow(/OOM/)
        await limitMemory('0')
        yield []
      }
      await publisher.rebuild(fullMeanwhile())
      expect(await admin.exists(revocationKeys.outboxDrained)).toBe(0)
      await publisher.reportBacklog()
      expect(await publisher.isIntact()).toBe(false)
    })
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

  it('does not confirm a feed that lacks what it published to the primary before', async () => {
    const promoted = await startRedisContainer()
    const proxy = await startTcpProxy({ target: redis.url })
    closables.push(proxy, { close: () => promoted.remove() })
    const [quick, slow] = [publisherTo(promoted.url), publisherTo(proxy.url)]
    await slow.rebuild(nothing())
    await quick.rebuild(nothing())
    const lost = sidOf()
    await slow.publish([lost])
    proxy.retarget(promoted.url)
    await until(() => slow.trim().then(Boolean.bind(null, true), () => false), 1000)
    await slow.publish([sidOf()])
    expect(await slow.isIntact()).toBe(false)
    expect(await quick.isIntact()).toBe(true)
    const seen: boolean[] = []
    await slow.rebuild(
      (async function* () {
        seen.push(await quick.isIntact())
        yield [lost]
      })()
    )
    // An issuer that knows of a gap withdraws the epoch at once.
    expect(seen).toEqual([false])
    expect([await slow.isIntact(), await quick.isIntact()]).toEqual([true, true])
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
