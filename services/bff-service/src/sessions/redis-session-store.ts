import { TemporarilyUnavailableError } from '@countersign/oauth'
import { writeRefusalOf } from '@countersign/service-kit'
import type { RedisConnection } from '@countersign/service-kit/redis'
import type { SessionStore, StoredSession } from './session-store.ts'

/** The version is in front of the encrypted part, so that the server can compare it. */
const replaceScript = `
local current = redis.call('GET', KEYS[1])
if not current or string.sub(current, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1`

/** The first SET changes nothing: it fails if Redis rejects writes, before the issuer rotates anything. */
const claimScript = `
local current = redis.call('GET', KEYS[1])
if not current then return {} end
if string.sub(current, 1, #ARGV[1]) ~= ARGV[1] then return {current} end
redis.call('SET', KEYS[1], current, 'EX', ARGV[2])
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[3] and ARGV[4] == '0' then return {current, holder} end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[2])
return {current}`

/** Keeps sessions in Redis, for all replicas. Each call is one round trip, unless Redis rejects writes. */
export function createRedisSessionStore(redis: RedisConnection): SessionStore {
  return {
    async create(key, session, ttlSeconds) {
      await orUnavailable(redis.set(name(key), write(session), { expiration: { type: 'EX', value: ttlSeconds } }))
    },
    async use(key, ttlSeconds) {
      const found = redis.getEx(name(key), { type: 'EX', value: ttlSeconds }).catch((error) => {
        if (writeRefusalOf(error)) return redis.get(name(key))
        throw error
      })
      const text: string | null = await orUnavailable(found)
      return text === null ? undefined : read(text)
    },
    async claim(key, { version, holder, takesOver }, ttlSeconds) {
      const command = {
        keys: [name(key), renewalName(key)],
        arguments: [`${version}.`, String(ttlSeconds), holder, takesOver ? '1' : '0']
      }
      const [text, other] = (await orUnavailable(redis.eval(claimScript, command))) as string[]
      return text === undefined ? undefined : { session: read(text), isElsewhere: other !== undefined }
    },
    async release(key) {
      await orUnavailable(redis.del(renewalName(key)))
    },
    async replace(key, version, successor, ttlSeconds) {
      const command = {
        keys: [name(key), renewalName(key)],
        arguments: [`${version}.`, write(successor), String(ttlSeconds)]
      }
      return (await orUnavailable(redis.eval(replaceScript, command))) === 1
    },
    async remove(key) {
      await orUnavailable(redis.del([name(key), renewalName(key)]))
    },
    check: async () => (await redis.ping()) === 'PONG'
  }
}

function name(key: string): string {
  return `countersign:browser-session:${key}`
}

/** A separate key, which replicas of the previous release ignore. */
function renewalName(key: string): string {
  return `${name(key)}:renewal`
}

function write({ version, encrypted }: StoredSession): string {
  return `${version}.${encrypted}`
}

function read(text: string): StoredSession {
  const dot = text.indexOf('.')
  return { version: Number(text.slice(0, dot)), encrypted: text.slice(dot + 1) }
}

/** Without Redis it is unknown whether there is a session: that is not a 401. */
async function orUnavailable<T>(command: Promise<T>): Promise<T> {
  try {
    return await command
  } catch (cause) {
    throw new TemporarilyUnavailableError({
      description: 'Sessions cannot be looked up or stored right now. Try again in a moment.',
      detail: 'Redis does not respond, or rejects the command',
      cause
    })
  }
}
