/** A TCP proxy that counts, and that makes the faults of a network: cut, frozen, or dropped connections. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface TcpProxyCounts {
  /** Connections accepted so far. */
  readonly connections: number
  readonly bytesToTarget: number
  readonly bytesFromTarget: number
}

export interface TcpProxy {
  readonly port: number
  /** The target's URL with the proxy's host and port in it. */
  readonly url: string
  /** What went through since the start. */
  readonly counts: TcpProxyCounts
  readonly openConnections: number
  /** Resets every connection; new ones are taken. */
  dropConnections(): void
  /** Resets every connection and refuses new ones, as a target that is down. */
  cut(): Promise<void>
  /** Undoes `cut`. */
  restore(): Promise<void>
  /** Holds back every byte in both directions, as a target that hangs; new connections open and stay silent. */
  pause(): void
  /** Undoes `pause`; what was held back goes through. */
  resume(): void
  /** How long each byte from the target takes from now on. When that becomes less, connections are to be dropped. */
  setDelay(milliseconds: number): void
  /**
   * Sends everybody to another target, as a failover does: resets every connection unless `keepsConnections`, and new ones
   * go there.
   */
  retarget(target: string, options?: { keepsConnections?: boolean }): void
  close(): Promise<void>
}

export interface TcpProxyOptions {
  /** The URL of what is behind it, such as `redis://…` or `postgresql://…`. */
  readonly target: string
  /** How long each byte from the target takes to the client, as if the target were that far away. Default: 0. */
  readonly delayMilliseconds?: number
}

/** Starts a proxy on 127.0.0.1. */
export async function startTcpProxy({ target, delayMilliseconds = 0 }: TcpProxyOptions): Promise<TcpProxy> {
  let upstreamAddress = addressOf(target)
  let delayFromTarget = delayMilliseconds
  const counts = { connections: 0, bytesToTarget: 0, bytesFromTarget: 0 }
  const sockets = new Set<Socket>()
  let isPaused = false

  const accept = (client: Socket) => {
    counts.connections += 1
    const upstream = connect({ ...upstreamAddress, allowHalfOpen: true })
    forward(
      client,
      upstream,
      () => 0,
      (bytes) => {
        counts.bytesToTarget += bytes
      }
    )
    forward(
      upstream,
      client,
      () => delayFromTarget,
      (bytes) => {
        counts.bytesFromTarget += bytes
      }
    )
  }
  const forward = (from: Socket, to: Socket, delay: () => number, count: (bytes: number) => void) => {
    const afterDelay = (work: () => void) => {
      if (delay() > 0) setTimeout(work, delay())
      else work()
    }
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (chunk) => {
      count(chunk.length)
      afterDelay(() => {
        if (!to.write(chunk)) from.pause()
      })
    })
    to.on('drain', () => {
      if (!isPaused) from.resume()
    })
    from.on('end', () => afterDelay(() => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', (hasFailed) => {
      sockets.delete(from)
      // After an orderly end the other side may still have bytes to write.
      if (hasFailed) to.destroy()
      else afterDelay(() => to.end())
    })
    if (isPaused) from.pause()
  }
  const dropConnections = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  let server = await listen(accept, 0)
  const { port } = server.address() as AddressInfo
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(port)

  const cut = async () => {
    const closed = server.listening ? once(server, 'close') : Promise.resolve()
    if (server.listening) server.close()
    dropConnections()
    await closed
  }
  return {
    port,
    url: url.href,
    get counts() {
      return { ...counts }
    },
    get openConnections() {
      return sockets.size / 2
    },
    dropConnections,
    cut,
    restore: async () => {
      if (!server.listening) server = await listen(accept, port)
    },
    pause: () => {
      isPaused = true
      for (const socket of sockets) socket.pause()
    },
    resume: () => {
      isPaused = false
      for (const socket of sockets) socket.resume()
    },
    setDelay: (milliseconds) => {
      delayFromTarget = milliseconds
    },
    retarget: (newTarget, { keepsConnections = false } = {}) => {
      upstreamAddress = addressOf(newTarget)
      if (!keepsConnections) dropConnections()
    },
    close: cut
  }
}

function addressOf(target: string): { host: string; port: number } {
  const { hostname, port } = new URL(target)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}

async function listen(accept: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, accept)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
