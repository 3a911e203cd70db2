/** The states in which a Redis still responds and rejects writes. */
import { setTimeout as delay } from 'node:timers/promises'
import type { RedisContainer } from '@countersign/testing'
import { createClient } from 'redis'

export interface RefusedWrites {
  readonly name: string
  /** The reason in the metric `countersign_revocation_feed_fault`. */
  readonly reason: string
  begin(redis: RedisContainer): Promise<void>
  end(redis: RedisContainer): Promise<void>
}

const configured = (url: string, name: string, value: string) => command(url, ['CONFIG', 'SET', name, value])

export const refusedWrites: readonly RefusedWrites[] = [
  {
    name: 'its memory is full',
    reason: 'memory_full',
    begin: ({ url }) => configured(url, 'maxmemory', '1'),
    end: ({ url }) => configured(url, 'maxmemory', '0')
  },
  {
    name: 'its snapshots fail',
    reason: 'snapshots_failing',
    async begin({ url, exec }) {
      await exec(['chmod', '555', '/data'])
      await configured(url, 'save', '3600 1')
      await saveUntil(url, 'err')
    },
    async end({ url, exec }) {
      await exec(['chmod', '755', '/data'])
      await saveUntil(url, 'ok')
      await configured(url, 'save', '')
    }
  },
  {
    name: 'it has too few replicas',
    reason: 'too_few_replicas',
    begin: ({ url }) => configured(url, 'min-replicas-to-write', '1'),
    end: ({ url }) => configured(url, 'min-replicas-to-write', '0')
  },
  {
    name: 'it is a replica and keeps its connections',
    reason: 'read_only',
    begin: ({ url }) => command(url, ['REPLICAOF', '127.0.0.1', '1']),
    end: ({ url }) => command(url, ['REPLICAOF', 'NO', 'ONE'])
  }
]

export async function command(url: string, words: readonly string[]): Promise<void> {
  await withClient(url, (client) => client.sendCommand([...words]))
}

/** Lends a connection to Redis for some work. */
export async function withClient<T>(
  url: string,
  work: (client: ReturnType<typeof createClient>) => Promise<T>
): Promise<T> {
  const client = createClient({ url })
  await client.connect()
  try {
    return await work(client as never)
  } finally {
    client.destroy()
  }
}

async function saveUntil(url: string, status: 'ok' | 'err'): Promise<void> {
  await withClient(url, async (client) => {
    for (let round = 0; round < 100; round++) {
      const info = await client.info('persistence')
      if (/rdb_bgsave_in_progress:0/.test(info)) {
        await client.sendCommand(['BGSAVE']).catch(() => undefined)
        await delay(50)
        if (new RegExp(`rdb_last_bgsave_status:${status}`).test(await client.info('persistence'))) return
      }
      await delay(50)
    }
    throw new Error(`no snapshot ended with ${status}`)
  })
}
