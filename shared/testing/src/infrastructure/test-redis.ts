import { createClient } from 'redis'
import { inject } from 'vitest'

/**
 * The URL of an empty, numbered database of the run's Redis that no other test file uses. A test that flushes all of
 * Redis or breaks it starts a container of its own.
 */
export async function createTestRedis(): Promise<string> {
  const url = inject('redisUrl')
  if (url === undefined) throw new Error('There is no Redis in this run; skip the suite when inject("docker") is false')
  const client = createClient({ url })
  await client.connect()
  try {
    const number = await client.incr('test-databases-handed-out')
    return `${url}/${number}`
  } finally {
    client.destroy()
  }
}
