/** A connection to Redis for services that must not wait for it. */
import { NotPrimaryError, requirePrimary } from '@countersign/verifier/redis'
import { createClient, ErrorReply } from 'redis'
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
 * commands and does not answer, or has become a replica, those under way fail within a second. It reconnects by itself.
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
  let hasRight = true
  const onNoRight = (refusal: Error) => {
    if (hasRight) logger.warn({ cause: describeError(refusal) }, 'Redis does not tell whether it is the primary: +info')
    hasRight = false
  }
  connection.on('error', onFault)
  // One that was closed while it was being made.
  connection.on('ready', () => {
    if (!connection.isOpen) connection.destroy()
  })
  connect(connection)
  dropInDoubt(connection, { onFault, onAnswer, onNoRight })
  return connection
}

interface Observer {
  onFault(fault: Error): void
  onAnswer(): void
  /** The user of this connection may not ask which role Redis has (`+info`). */
  onNoRight(refusal: Error): void
}

function createConnection(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    // CLIENT SETINFO is a right that Redis 7.0 cannot name in an ACL.
    disableClientInfo: true,
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
 * Asks at short intervals whether Redis answers and is the primary, and replaces the connection when not: that fails all
 * commands under way. What counts is how often it was asked, not how much time went by: while this process stands still
 * nothing can be read.
 */
function dropInDoubt(connection: RedisConnection, { onFault, onAnswer, onNoRight }: Observer): void {
  let isAsking = false
  let missed = 0
  let allowed = patience.first

  const ask = async () => {
    isAsking = true
    missed = 0
    const answer = await requirePrimary(connection).catch((error: unknown) => error)
    isAsking = false
    if (!connection.isOpen) return
    if (answer instanceof NotPrimaryError) return replace(answer)
    // A refusal is an answer, too.
    if (answer instanceof ErrorReply) onNoRight(answer)
    else if (answer !== undefined && !connection.isReady) return
    onAnswer()
    if (missed < patience.first) allowed = patience.first
  }
  const drop = () => {
    const milliseconds = allowed * checkIntervalMs
    // Were it only slow, it would be dropped time and again.
    allowed = Math.min(2 * allowed, patience.last)
    replace(new Error(`Redis has not answered within ${milliseconds} ms`))
  }
  const replace = (fault: Error) => {
    onFault(fault)
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
