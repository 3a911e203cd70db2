/** The common part of the proxies that cause a fault at a statement or command that a test chooses. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface FaultProxy<E extends Exchange> {
  /** The target's URL with the proxy's host and port in it. */
  readonly url: string
  /** What clients sent since the last `clear`, in order. */
  readonly sent: readonly Sent[]
  clear(): void
  /** Intercepts a statement or command. @returns a function that undoes it */
  intercept(interception: Interception<E>): () => void
  close(): Promise<void>
}

export interface Sent {
  readonly text: string
  /** By `performance.now()`. */
  readonly at: number
}

/** Before the server sees it, or once the server has done it and the client does not know. */
export type Moment = 'before_sending' | 'before_answering'

export interface Interception<E extends Exchange> {
  /** Found in the text of the statement or command. */
  readonly matches: RegExp | ((text: string) => boolean)
  readonly moment: Moment
  /** How many matches are intercepted. Default: 1. */
  readonly times?: number
  /** The fault. The connection waits for it and continues afterwards, if it still can. */
  action(exchange: E): unknown
}

/** A statement or command that was intercepted. */
export interface Exchange {
  readonly text: string
  /** Resets the connection on both sides. */
  cut(): void
}

/** How a protocol carries one connection. */
export type Relay<E extends Exchange> = (client: Socket, upstream: Socket, watch: Watch<E>) => void

export interface Watch<E extends Exchange> {
  record(text: string): void
  /** Runs what was planned for this moment. */
  intercept(moment: Moment, exchange: E): Promise<void>
}

export async function startFaultProxy<E extends Exchange>(target: string, relay: Relay<E>): Promise<FaultProxy<E>> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const waiting = new Set<{ interception: Interception<E>; left: number }>()
  let sent: Sent[] = []

  const intercept = async (moment: Moment, exchange: E) => {
    const due = [...waiting].filter(({ interception: { moment: wanted, matches } }) => {
      const isMatch = typeof matches === 'function' ? matches : (text: string) => matches.test(text)
      return wanted === moment && isMatch(exchange.text)
    })
    for (const entry of due) {
      entry.left -= 1
      if (entry.left <= 0) waiting.delete(entry)
    }
    for (const { interception } of due) await interception.action(exchange)
  }
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    relay(client, upstream, { intercept, record: (text) => sent.push({ text, at: performance.now() }) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    get sent() {
      return sent
    },
    clear() {
      sent = []
    },
    intercept(interception) {
      const entry = { interception, left: interception.times ?? 1 }
      waiting.add(entry)
      return () => void waiting.delete(entry)
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    }
  }
}

/** Resets a connection on both sides. */
export function cutBetween(client: Socket, upstream: Socket): void {
  client.resetAndDestroy()
  upstream.resetAndDestroy()
}
