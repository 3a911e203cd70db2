import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createTestRedis, runningTimeOf, startTcpProxy } from '@countersign/testing'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { createInProcessDpopReplays, type DpopReplays } from '../../src/dpop/replays.ts'
import { dpopProofKey, redisDpopReplays } from '../../src/redis/index.ts'

const newKey = () => randomBytes(32).toString('base64url')
const inSeconds = (seconds: number) => Date.now() / 1000 + seconds

/** A claim has half a second, in which the first has to connect. */
async function untilUsable(replays: DpopReplays): Promise<void> {
  await expect.poll(() => replays.markUsed(newKey(), inSeconds(60)).catch(() => 'rejected')).toBe(true)
}

/** What every memory of used proofs does. `join` gives another view of the same memory, as another replica has it. */
function describeDpopReplays(name: string, createMemory: () => Promise<() => DpopReplays>): void {
  describe(`used proofs remembered in ${name}`, () => {
    let join: () => Promise<DpopReplays>
    const joined: DpopReplays[] = []

    beforeEach(async () => {
      const create = await createMemory()
      join = async () => {
        const replays = create()
        joined.push(replays)
        await untilUsable(replays)
        return replays
      }
    })
    afterEach(async () => {
      await Promise.all(joined.splice(0).map((replays) => replays.close?.()))
    })

    it('can be claimed once', async () => {
      const replays = await join()
      const key = newKey()
      expect(await replays.markUsed(key, inSeconds(60))).toBe(true)
      expect(await replays.markUsed(key, inSeconds(60))).toBe(false)
      expect(await replays.markUsed(key, inSeconds(120))).toBe(false)
    })

    it('differ by every character', async () => {
      const replays = await join()
      const key = newKey()
      await replays.markUsed(key, inSeconds(60))
      for (const other of [newKey(), key.slice(1), `${key}x`, key.toUpperCase(), '*', '__proto__']) {
        expect(await replays.markUsed(other, inSeconds(60)), other).toBe(true)
      }
    })

    it('are accepted once among a hundred parallel requests, at any replica', async () => {
      const replicas = [await join(), await join(), await join()]
      for (let round = 0; round < 5; round++) {
        const key = newKey()
        const claims = Array.from({ length: 100 }, (_, at) => replicas[at % 3]?.markUsed(key, inSeconds(60)))
        const results = await Promise.all(claims)
        expect(results.filter((isFirst) => isFirst === true)).toHaveLength(1)
        expect(results.filter((isFirst) => isFirst === false)).toHaveLength(99)
      }
    })

    it('are all accepted when they differ, however parallel', async () => {
      const replays = await join()
      const results = await Promise.all(Array.from({ length: 100 }, () => replays.markUsed(newKey(), inSeconds(60))))
      expect(results).toEqual(Array(100).fill(true))
    })

    it('are kept until they expire, and not much longer', async () => {
      const replays = await join()
      const key = newKey()
      const expiresAt = inSeconds(1.2)
      expect(await replays.markUsed(key, expiresAt)).toBe(true)
      for (;;) {
        const isFirst = await replays.markUsed(key, expiresAt)
        // It may have gone while this one was asked.
        if (inSeconds(0) > expiresAt - 0.05) break
        expect(isFirst).toBe(false)
        await delay(50)
      }
      await expect.poll(() => replays.markUsed(key, inSeconds(60)), { timeout: 4000, interval: 100 }).toBe(true)
    })

    it('are claimed once even if they have expired already', async () => {
      const replays = await join()
      const key = newKey()
      const results = await Promise.all(Array.from({ length: 20 }, () => replays.markUsed(key, inSeconds(-5))))
      expect(results).toContain(true)
    })
  })
}

describeDpopReplays('the process', async () => {
  const replays = createInProcessDpopReplays()
  return () => replays
})

describe.skipIf(inject('redisUrl') === undefined)('with Redis', () => {
  let url: string
  let admin: ReturnType<typeof createClient>

  beforeAll(async () => {
    url = await createTestRedis()
    admin = createClient({ url })
    await admin.connect()
  })
  afterAll(() => admin?.destroy())

  describeDpopReplays('Redis', async () => () => redisDpopReplays({ url }))

  it('each is one key that expires by itself', async () => {
    const replays = redisDpopReplays({ url })
    const key = newKey()
    await expect.poll(() => replays.markUsed(key, inSeconds(60)).catch(() => 'rejected')).not.toBe('rejected')
    expect(dpopProofKey(key)).toBe(`{countersign}:proof:${key}`)
    const left = await admin.pTTL(dpopProofKey(key))
    expect(left).toBeGreaterThan(58_000)
    expect(left).toBeLessThanOrEqual(60_001)
    await replays.close?.()
  })

  it.each(['frozen', 'cut'] as const)('nothing is claimed while Redis is %s, and no caller waits', async (fault) => {
    const proxy = await startTcpProxy({ target: url })
    const replays = redisDpopReplays({ url: proxy.url })
    await untilUsable(replays)
    if (fault === 'frozen') proxy.pause()
    else await proxy.cut()
    const waited = await runningTimeOf(async () => {
      const claims = Array.from({ length: 10 }, () => replays.markUsed(newKey(), inSeconds(60)))
      for (const one of await Promise.allSettled(claims)) expect(one.status).toBe('rejected')
    })
    expect(waited).toBeLessThan(1000)
    if (fault === 'frozen') proxy.resume()
    else await proxy.restore()
    await untilUsable(replays)
    await replays.close?.()
    await expect(replays.markUsed(newKey(), inSeconds(60))).rejects.toThrow()
    await proxy.close()
  })

  it('rejects invalid options with a TypeError', () => {
    expect(() => redisDpopReplays({ url: 'localhost:6379' })).toThrow(/^url/)
  })
})
