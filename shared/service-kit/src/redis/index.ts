/** A connection to Redis for services that must not wait for it. */
import { createClient } from 'redis'
import { describeError, type Logger } from '../logger.ts'

/** How often Redis is asked whether it answers. */
const checkIntervalMs = 250
/** It is given up when an answer is not there after so many intervals; a Redis that is slow and not dead gets up to the last. */
const patience = { first: 2, last: 16 }
const connectTimeoutMs = 2000
/** When nothing was said for so long while a connection is made, the attempt has come to nothing. */
const silenceTimeoutMs = 10_000

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
    if (isReachable && connection.isOpen) logger.warn({ cause: describeError(fault) }, 'Redis is not reachable')
    isReachable = false
  }
  const onAnswer = () => {
    isReachable = true
  }
  connection.on('error', onFault)
  // One that was closed while it was being made.
  connection.on('ready', () => {
    if (!connection.isOpen) connection.destroy()
  })
  connect(connection)
  dropWhenSilent(connection, { onFault, onAnswer })
  return connection
}

function createConnection(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    // Not node-redis's own: it bounds the time until a command is sent, not until it is answered, by a signal for each.
    commandOptions: { timeout: 0 },
    socket: {
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceTimeoutMs,
      reconnectStrategy: (attempts) => Math.min(50 * 2 ** attempts, 500)
    }
  })
}

function connect(connection: RedisConnection): void {
  connection.connect().catch(() => {}) // the error event has said it; it goes on trying
}

/**
 * Asks at short intervals whether Redis answers, and connects anew when it does not: that fails all commands under way. What
 * counts is how often it was looked, not how much time went by: while this process stands still nothing can be read.
 */
function dropWhenSilent(
  connection: RedisConnection,
  { onFault, onAnswer }: { onFault: (fault: Error) => void; onAnswer: () => void }
): void {
  let isAsking = false
  let missed = 0
  let allowed = patience.first

  const ask = async () => {
    isAsking = true
    missed = 0
    // A refusal is an answer, too.
    const isAnswered = await connection.ping().then(
      () => true,
      () => connection.isReady
    )
    isAsking = false
    if (!isAnswered) return
    onAnswer()
    if (missed < patience.first) allowed = patience.first
  }
  const drop = () => {
    onFault(new Error(`Redis has not answered within ${allowed * checkIntervalMs} ms`))
    // Were it only slow, it would be dropped time and again.
    allowed = Math.min(2 * allowed, patience.last)
    connection.destroy()
    connect(connection)
  }
  const timer = setInterval(() => {
    if (!connection.isOpen) clearInterval(timer)
    else if (!connection.isReady) return
    else if (!isAsking) void ask()
    else if (++missed >= allowed) drop()
  }, checkIntervalMs)
  timer.unref()
}
