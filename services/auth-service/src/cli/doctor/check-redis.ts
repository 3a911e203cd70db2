/** Redis, its settings and the rights of this user, and the revocation feed in it. */
import {
  createRedisLink,
  isEpochOfRun,
  NotPrimaryError,
  type RedisSession,
  revocationKeys
} from '@countersign/verifier/redis'
import { compareClock, type Finding, findingsOf } from './finding.ts'

const responseMilliseconds = 5_000
const redis = findingsOf('redis')

export async function checkRedis(url: string): Promise<Finding[]> {
  const link = createRedisLink({ url })
  try {
    return await link.run(responseMilliseconds, examine)
  } catch (error) {
    return [redis.failed(describe(error))]
  } finally {
    await link.close()
  }
}

type Client = RedisSession['client']

async function examine({ client, runId, serverNow }: RedisSession): Promise<Finding[]> {
  const info = readInfo(await client.info())
  const now = serverNow()
  const clock = now === undefined ? [] : [compareClock('redis_clock', 'Redis', now, Date.now())]
  const found = redis.ok(`Redis ${info.valkey_version ?? info.redis_version} responds, and is the primary.`)
  const rights = await checkRights(client)
  const feed = rights.state === 'failed' ? [] : [await checkFeed(client, runId)]
  return [found, ...clock, checkPolicy(info), checkWrites(info), rights, ...feed]
}

type Info = Readonly<Record<string, string | undefined>>

function readInfo(text: string): Info {
  return Object.fromEntries([...text.matchAll(/^([^#:\r\n]+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]))
}

function checkPolicy({ maxmemory_policy: policy }: Info): Finding {
  const found = findingsOf('redis_policy')
  if (policy === 'noeviction' || policy === undefined) return found.ok('Redis evicts nothing.')
  return found.failed(
    `maxmemory-policy is ${policy}, expected noeviction: a Redis that evicts an entry accepts a revoked token again.`
  )
}

/** The states in which Redis serves reads and rejects writes. */
function checkWrites(info: Info): Finding {
  const found = findingsOf('redis_writes')
  const [used, limit] = [Number(info.used_memory), Number(info.maxmemory)]
  if (limit > 0 && used >= limit) {
    return found.failed(
      `Redis is full: it uses ${used} bytes and maxmemory is ${limit}. It refuses to store revocations.`
    )
  }
  if (info.rdb_last_bgsave_status === 'err') {
    return found.failed(
      'Redis could not save its snapshot, and may refuse writes (MISCONF). Look at its log and its disk.'
    )
  }
  const wanted = Number(info.min_slaves_good_slaves)
  if (!Number.isNaN(wanted) && wanted === 0) {
    return found.failed(
      'Redis has min-replicas-to-write and too few working replicas, so it rejects writes (NOREPLICAS).'
    )
  }
  return found.ok('Nothing keeps Redis from storing revocations.')
}

/** The keys that issuers and verifiers read. */
async function checkRights(client: Client): Promise<Finding> {
  const found = findingsOf('redis_rights')
  const commands: (() => Promise<unknown>)[] = [
    () => client.mGet([revocationKeys.epoch, revocationKeys.outboxDrained, revocationKeys.entry('jti', 'doctor')]),
    () => client.sendCommand(['XREAD', 'COUNT', '1', 'STREAMS', revocationKeys.stream, '$']),
    () => client.xInfoStream(revocationKeys.stream).catch(unlessMissing),
    () => client.subscribe(revocationKeys.unpublished, () => {})
  ]
  for (const run of commands) {
    try {
      await run()
    } catch (error) {
      const message = messageOf(error)
      if (!message.startsWith('NOPERM')) throw error
      return found.failed(`This Redis user lacks a right (docs/deployment.md has them): ${message}`)
    }
  }
  return found.ok('The rights of this Redis user are enough to follow the feed.')
}

function unlessMissing(error: unknown): void {
  if (!/no such key/i.test(messageOf(error))) throw error
}

async function checkFeed(client: Client, runId: string): Promise<Finding> {
  const found = findingsOf('feed')
  const [epoch, outboxDrained] = await client.mGet([revocationKeys.epoch, revocationKeys.outboxDrained])
  if (epoch === null) {
    return found.failed(
      'There is no revocation feed in this Redis: no issuer publishes to it. Is it the Redis of the auth-service?'
    )
  }
  if (!isEpochOfRun(epoch, runId)) {
    return found.failed('The revocation feed is from before a restart of Redis, and no issuer has rewritten it.')
  }
  if (typeof outboxDrained !== 'string') {
    return found.failed(
      'No issuer has confirmed in the last seconds that everything is published. Does an auth-service run?'
    )
  }
  return found.ok('The revocation feed is complete, and an issuer confirms it.')
}

function describe(error: unknown): string {
  const message = messageOf(error)
  if (error instanceof NotPrimaryError)
    return 'REDIS_URL leads to a replica, which rejects writes. Use the address of the primary.'
  if (message.startsWith('WRONGPASS')) return 'Redis refuses the user or the password in REDIS_URL (WRONGPASS).'
  if (message.startsWith('NOAUTH')) return 'Redis requires a password, and REDIS_URL has none (NOAUTH).'
  if (message.startsWith('NOPERM')) return `This Redis user lacks a right (docs/deployment.md has them): ${message}`
  const { code } = error as { code?: unknown }
  return `Redis cannot be reached at the host and port in REDIS_URL (${typeof code === 'string' ? code : message}).`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
