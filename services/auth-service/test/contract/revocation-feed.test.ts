import { createTestRedis, describeRevocationFeed, type RevocationTransport, startTcpProxy } from '@countersign/testing'
import { createInProcessRevocationFeed, createInProcessRevocationLog } from '@countersign/verifier/in-process'
import { createRedisRevocationFeed } from '@countersign/verifier/redis'
import { createClient } from 'redis'
import { describe, inject } from 'vitest'
import { createInProcessRevocationPublisher } from '../../src/stores/in-process/revocation-publisher.ts'
import { createRedisRevocationPublisher } from '../../src/stores/redis/revocation-publisher.ts'

describeRevocationFeed('a log in the process', async () => {
  const log = createInProcessRevocationLog()
  return {
    createPublisher: () => createInProcessRevocationPublisher(log),
    createFeed: () => createInProcessRevocationFeed(log),
    flush: async () => log.flush(),
    close: async () => {}
  }
})

describe.skipIf(inject('redisUrl') === undefined)('with Redis', () => {
  let url: Promise<string> | undefined

  describeRevocationFeed('Redis', async (): Promise<RevocationTransport> => {
    url ??= createTestRedis()
    const admin = createClient({ url: await url })
    await admin.connect()
    await admin.flushDb()
    const proxy = await startTcpProxy({ target: await url })
    return {
      createPublisher: () => createRedisRevocationPublisher({ url: proxy.url }),
      createFeed: () => createRedisRevocationFeed({ url: proxy.url }),
      flush: async () => void (await admin.flushDb()),
      network: {
        freeze: proxy.pause,
        thaw: proxy.resume,
        cut: proxy.cut,
        restore: proxy.restore,
        drop: proxy.dropConnections
      },
      close: async () => {
        await proxy.close()
        admin.destroy()
      }
    }
  })
})
