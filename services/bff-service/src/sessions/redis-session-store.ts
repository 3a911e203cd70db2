import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { RedisConnection } from '@countersign/service-kit/redis'
import type { SessionStore, StoredSession } from './session-store.ts'

/** The version stands in front of what is sealed, so that the server can compare it. */
const replaceScript = `
local current = redis.call('GET', KEYS[1])
if not current or string.sub(current, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`

/** Keeps sessions in Redis, where every replica finds them. Each call is one round trip. */
export function createRedisSessionStore(redis: RedisConnection): SessionStore {
  return {
    async create(key, session, ttlSeconds) {
      await orUnavailable(redis.set(name(key), write(session), { expiration: { type: 'EX', value: ttlSeconds } }))
    },
    async use(key, ttlSeconds) {
      const text: string | null = await orUnavailable(redis.getEx(name(key), { type: 'EX', value: ttlSeconds }))
      return text === null ? undefined : read(text)
    },
    async replace(key, version, successor, ttlSeconds) {
      const command = { keys: [name(key)], arguments: [`${version}.`, write(successor), String(ttlSeconds)] }
      return (await orUnavailable(redis.eval(replaceScript, command))) === 1
    },
    async remove(key) {
      await orUnavailable(redis.del(name(key)))
    },
    check: async () => (await redis.ping()) === 'PONG'
  }
}

function name(key: string): string {
  return `countersign:browser-session:${key}`
}

function write({ version, sealed }: StoredSession): string {
  return `${version}.${sealed}`
}

function read(text: string): StoredSession {
  const dot = text.indexOf('.')
  return { version: Number(text.slice(0, dot)), sealed: text.slice(dot + 1) }
}

/** Whether there is a session cannot be known without Redis: that is nobody's 401. */
async function orUnavailable<T>(command: Promise<T>): Promise<T> {
  try {
    return await command
  } catch (cause) {
    throw new TemporarilyUnavailableError({
      description: 'Sessions cannot be looked up right now. Try again in a moment.',
      detail: 'Redis does not answer',
      cause
    })
  }
}
