/** A connection to Redis for services that must not wait long for it. */
import { NotPrimaryError, requirePrimary } from '@countersign/verifier/redis'
import { createClient, ErrorReply } from 'redis'
import { describeError, type Logger } from '../logger.ts'

/** How often Redis is pinged. */
const checkIntervalMs = 250
/** A connection is given up when a ping has no reply after this many intervals; a slow Redis gets up to the last one. */
const patience = { first: 2, last: 16 }
const connectTimeoutMs = 2000
/** How long a connection attempt may be silent before it counts as failed. */
const silenceTimeoutMs = 10_000

/**
 * A connection that never makes a caller wait long. While Redis is unavailable, commands fail at once; when it accepts
 * commands and does not reply, or has become a replica, running commands fail within a second. It reconnects by itself.
 */
export type RedisConnection = ReturnType<typeof createConnection>

/** Opens a connection in the background. `destroy` closes it permanently. */
export function openRedisConnection(url: string, logger: Logger): RedisConnection {
  const connection = createConnection(url)
  let isReachable = true
  const onFault = (fault: unknown) => {
    if (isReachable && connection.isOpen) logger.warn({ cause: describeError(fault) }, 'Redis is not reachable')
    isReachable = false
  }
  const onResponse = () => {
    isReachable = true
  }
  let hasRight = true
  const onNoRight = (refusal: Error) => {
    if (hasRight) logger.warn({ cause: describeError(refusal) }, 'Redis does not tell whether it is the primary: +info')
    hasRight = false
  }
  connection.on('error', onFault)
  // A connection that was closed while it was being made.
  connection.on('ready', () => {
    if (!connection.isOpen) connection.destroy()
  })
  connect(connection)
  dropInDoubt(connection, { onFault, onResponse, onNoRight })
  return connection
}

interface Observer {
  onFault(fault: Error): void
  onResponse(): void
  /** The user of this connection has no right to query the role of Redis (`+info`). */
  onNoRight(refusal: Error): void
}

function createConnection(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    // Redis 7.0 cannot name the right to CLIENT SETINFO in an ACL.
    disableClientInfo: true,
    // Not node-redis's own timeout: that one limits the time until a command is sent, not until its reply, with a signal for
    // each.
    commandOptions: { timeout: 0 },
    socket: {
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceTimeoutMs,
      reconnectStrategy: (attempts) => Math.min(50 * 2 ** attempts, 500)
    }
  })
}

function connect(connection: RedisConnection): void {
  connection.connect().catch(() => {}) // the error event has reported it; it keeps trying
}

/**
 * Pings Redis at short intervals, and replaces the connection when there is no reply or Redis is not the primary: that fails
 * all running commands. The number of pings counts, not the time: while this process is stopped, nothing can be read.
 */
function dropInDoubt(connection: RedisConnection, { onFault, onResponse, onNoRight }: Observer): void {
  let isAsking = false
  let missed = 0
  let allowed = patience.first

  const ask = async () => {
    isAsking = true
    missed = 0
    const response = await requirePrimary(connection).catch((error: unknown) => error)
    isAsking = false
    if (!connection.isOpen) return
    if (response instanceof NotPrimaryError) return replace(response)
    // An error is a reply, too.
    if (response instanceof ErrorReply) onNoRight(response)
    else if (response !== undefined && !connection.isReady) return
    onResponse()
    if (missed < patience.first) allowed = patience.first
  }
  const drop = () => {
    const milliseconds = allowed * checkIntervalMs
    // If it is only slow, it would be dropped again and again.
    allowed = Math.min(2 * allowed, patience.last)
    replace(new Error(`Redis has not responded within ${milliseconds} ms`))
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
