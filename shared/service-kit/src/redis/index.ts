/** A connection to Redis for services that must not wait for it. */
import { createClient } from 'redis'
import { describeError, type Logger } from '../logger.ts'

/** How long Redis may take to answer, and how often it is asked whether it does. */
const answerTimeoutMs = 500
const checkIntervalMs = 250
/** A connection attempt that goes on longer without a byte has come to nothing. Once connected, the checks are never silent so long. */
const silenceTimeoutMs = 2000

/**
 * A connection that never makes a caller wait long for Redis. While Redis is away, commands fail at once; when it takes
 * commands and does not answer, those under way fail within a second. It reconnects by itself.
 */
export type RedisConnection = ReturnType<typeof createConnection>

/** Opens a connection in the background. `destroy` closes it for good. */
export function openRedisConnection(url: string, logger: Logger): RedisConnection {
  const connection = createConnection(url)
  let isReachable = true
  const onFault = (fault: unknown) => {
    if (isReachable) logger.warn({ cause: describeError(fault) }, 'Redis is not reachable')
    isReachable = false
  }
  connection.on('error', onFault)
  connection.on('ready', () => {
    isReachable = true
  })
  connect(connection)
  dropWhenSilent(connection, onFault)
  return connection
}

function createConnection(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    // Not node-redis's own: it bounds the time until a command is sent, not until it is answered, by a signal for each.
    commandOptions: { timeout: 0 },
    socket: {
      connectTimeout: silenceTimeoutMs,
      socketTimeout: silenceTimeoutMs,
      reconnectStrategy: (attempts) => Math.min(50 * 2 ** attempts, 500)
    }
  })
}

function connect(connection: RedisConnection): void {
  connection.connect().catch(() => {}) // the error event has said it; it goes on trying
}

/**
 * Asks at short intervals whether Redis answers, and connects anew when it does not: that fails all commands under way.
 */
function dropWhenSilent(connection: RedisConnection, onSilence: (fault: Error) => void): void {
  let isAsking = false
  const check = async () => {
    if (!connection.isOpen) return clearInterval(timer)
    if (!connection.isReady || isAsking) return
    isAsking = true
    // An answer that has come while this process stood still is read before the deadline is judged.
    const deadline = setTimeout(() => setImmediate(drop), answerTimeoutMs)
    await connection.ping().catch(() => {})
    clearTimeout(deadline)
    isAsking = false
  }
  const drop = () => {
    if (!isAsking || !connection.isReady) return
    onSilence(new Error(`Redis has not answered within ${answerTimeoutMs} ms`))
    connection.destroy()
    connect(connection)
  }
  const timer = setInterval(check, checkIntervalMs)
  timer.unref()
}
