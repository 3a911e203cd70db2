import { createClient, ErrorReply, type RedisClientOptions } from 'redis'
import { checkText } from '../option-checks.ts'
import { withDeadline } from './deadline.ts'
import { isFromFormerPrimary, requirePrimary } from './primary.ts'

/** Which Redis: a URL, or the options of a node-redis client. */
export type RedisLinkOptions = { readonly url: string } | { readonly client: RedisClientOptions }

/** A node-redis client. */
export type RedisClient = ReturnType<typeof createClient>

/** One connection to one server process. */
export interface RedisSession {
  /** Connected, and dropped at the first doubt. */
  readonly client: RedisClient
  /** Identifies the server process at the other end (`run_id` in `INFO server`). */
  readonly runId: string
  /**
   * What time it is by the server's clock, in milliseconds, give or take half the round trip in which it was asked.
   * `undefined` when the server does not tell.
   */
  readonly serverNow: () => number | undefined
  /** Since when messages of the link's channel arrive here, by `performance.now()`; `undefined` when Redis refuses that. */
  readonly subscribedAt: number | undefined
}

/** A channel of Redis that each connection of a link subscribes to. */
export interface RedisSubscription {
  readonly channel: string
  /** Called for each message. */
  onMessage(): void
}

/**
 * A way to Redis that never makes its user wait. It connects when it is needed; at the first doubt about a connection
 * it drops it, and the next use makes a new one.
 */
export interface RedisLink {
  /**
   * Runs commands, and connects before if need be.
   *
   * @throws when Redis refuses, is unavailable, or has not replied in time.
   */
  run<T>(milliseconds: number, work: (session: RedisSession) => Promise<T>): Promise<T>
  /** Ends everything that is under way, at once, and leaves no handle open. */
  close(): Promise<void>
}

interface Connection {
  readonly client: RedisClient
  readonly abort: AbortController
  session: Promise<RedisSession>
  isReady: boolean
  /** Why it was dropped. */
  fault?: unknown
}

const connectMilliseconds = 2_000

/** Makes a link; nothing is connected yet. */
export function createRedisLink(options: RedisLinkOptions, subscription?: RedisSubscription): RedisLink {
  let current: Connection | undefined
  let isClosed = false

  const drop = (connection: Connection): void => {
    if (current === connection) current = undefined
    connection.client.destroy()
    // `destroy` does not reach a socket that is connecting still.
    connection.abort.abort()
  }

  const open = (): Connection => {
    const abort = new AbortController()
    const client = createClient(clientOptions(options, abort.signal))
    const connection: Connection = {
      client,
      abort,
      isReady: false,
      session: startSession(client, abort.signal, subscription)
    }
    // A connection that ends while nobody uses it must not fail the next one who does. (Who uses it hears of the error.)
    client.on('error', (error: unknown) => {
      connection.fault ??= error
      drop(connection)
    })
    connection.session = withDeadline(connectMilliseconds, connection.session).then(
      (session) => {
        connection.isReady = true
        return session
      },
      (error: unknown) => {
        drop(connection)
        throw connection.fault ?? error
      }
    )
    connection.session.catch(() => {})
    return connection
  }

  return {
    async run(milliseconds, work) {
      if (isClosed) throw new Error('the link to Redis is closed')
      current ??= open()
      const connection = current
      try {
        return await withDeadline(milliseconds, connection.session.then(work))
      } catch (error) {
        // One that is still being made has a deadline of its own.
        if (connection.isReady && isConnectionInDoubt(error)) drop(connection)
        throw connection.fault ?? error
      }
    },
    async close() {
      isClosed = true
      if (current) drop(current)
    }
  }
}

/** A mistake in the options is a `TypeError`. */
export function checkLinkOptions(options: RedisLinkOptions): void {
  if ('client' in options) return
  const url = checkText('url', options.url)
  if (!/^(?:rediss?|unix):\/\//.test(url)) throw new TypeError('url must begin with redis://, rediss:// or unix://')
}

async function startSession(
  client: RedisClient,
  signal: AbortSignal,
  subscription: RedisSubscription | undefined
): Promise<RedisSession> {
  await client.connect()
  if (signal.aborted) client.destroy()
  const askedAt = performance.now()
  const asking = client.info('server').then((text) => ({ text, respondedAt: performance.now() }))
  const [info, subscribedAt] = await Promise.all([asking, subscribe(client, subscription), requirePrimary(client)])
  const runId = /^run_id:(\w+)/m.exec(info.text)?.[1]
  if (runId === undefined) throw new Error('Redis does not tell its run_id in INFO server')
  const microseconds = /^server_time_usec:(\d+)/m.exec(info.text)?.[1]
  const offset = Number(microseconds) / 1000 - (askedAt + info.respondedAt) / 2
  const serverNow = () => (microseconds === undefined ? undefined : performance.now() + offset)
  return { client, runId, serverNow, subscribedAt }
}

/** Only with RESP3 can a subscribed connection also send commands. */
async function subscribe(client: RedisClient, subscription?: RedisSubscription): Promise<number | undefined> {
  if (subscription === undefined || !(await speaksResp3(client))) return undefined
  try {
    await client.subscribe(subscription.channel, () => subscription.onMessage())
    return performance.now()
  } catch (error) {
    if (error instanceof ErrorReply) return undefined
    throw error
  }
}

/** node-redis 5 uses RESP2 by default, and 6 uses RESP3. The reply to HELLO has the version of this connection. */
async function speaksResp3(client: RedisClient): Promise<boolean> {
  if (client.options.RESP !== undefined) return client.options.RESP === 3
  try {
    return /"proto"[,:]3\b/.test(JSON.stringify(await client.sendCommand(['HELLO'])))
  } catch (error) {
    if (error instanceof ErrorReply) return false
    throw error
  }
}

function clientOptions(options: RedisLinkOptions, signal: AbortSignal): RedisClientOptions {
  // Copied, since node-redis writes into what it is given.
  const given: RedisClientOptions = 'url' in options ? { url: options.url } : { ...options.client }
  const socket = { ...given.socket, connectTimeout: connectMilliseconds, reconnectStrategy: false, signal }
  return {
    ...given,
    socket: socket as NonNullable<RedisClientOptions['socket']>,
    disableOfflineQueue: true,
    // CLIENT SETINFO is a right that Redis 7.0 cannot name in an ACL.
    disableClientInfo: true,
    maintNotifications: 'disabled'
  }
}

/** A refusal by Redis proves that the connection lives; but a server that was demoted must not be kept. */
function isConnectionInDoubt(error: unknown): boolean {
  return !(error instanceof ErrorReply) || isFromFormerPrimary(error) || error.message.startsWith('NOAUTH')
}
