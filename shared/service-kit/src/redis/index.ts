/** A connection to Redis for services that must not wait for it. */
import { createClient } from 'redis'
import { describeError, type Logger } from '../logger.ts'

const commandTimeoutMs = 500

/** A connection that never makes a caller wait for a Redis that is away: its commands fail at once, and it reconnects. */
export type RedisConnection = ReturnType<typeof createConnection>

/** Opens a connection in the background. */
export function openRedisConnection(url: string, logger: Logger): RedisConnection {
  const connection = createConnection(url)
  let isReachable = true
  connection.on('error', (error) => {
    if (isReachable) logger.warn({ cause: describeError(error) }, 'Redis is not reachable')
    isReachable = false
  })
  connection.on('ready', () => {
    isReachable = true
  })
  connection.connect().catch(() => {}) // the error event has said it; it goes on trying
  return connection
}

function createConnection(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: commandTimeoutMs },
    socket: { connectTimeout: 2000, reconnectStrategy: (attempts) => Math.min(50 * 2 ** attempts, 500) }
  })
}
