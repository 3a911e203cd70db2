/** A proxy before Postgres that writes down every statement, so that a test can count them. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface PostgresRecorder {
  /** The database's URL with the proxy's host and port in it. */
  readonly url: string
  /** The text of every statement since the last `clear`, in order: simple queries, and prepared ones at each execution. */
  readonly statements: readonly string[]
  clear(): void
  close(): Promise<void>
}

/** Starts a recorder before a `postgres://` URL whose server speaks without TLS. */
export async function startPostgresRecorder(target: string): Promise<PostgresRecorder> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let statements: string[] = []
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) })
    const readMessages = createMessageReader((statement) => statements.push(statement))
    for (const [from, to] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    client.on('data', readMessages)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    get statements() {
      return statements
    },
    clear() {
      statements = []
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    }
  }
}

/** Reads the frontend's messages (Postgres manual, "Message Formats") out of a stream of chunks. */
function createMessageReader(onStatement: (text: string) => void): (chunk: Buffer) => void {
  const prepared = new Map<string, string>()
  const portals = new Map<string, string>()
  let pending = Buffer.alloc(0)
  let hasStarted = false

  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const headLength = hasStarted ? 5 : 4 // the start-up message alone has no type byte
      if (pending.length < headLength) return
      const length = pending.readUInt32BE(headLength - 4) + headLength - 4
      if (pending.length < length) return
      if (hasStarted) readMessage(String.fromCharCode(pending[0] as number), pending.subarray(headLength, length))
      hasStarted = true
      pending = pending.subarray(length)
    }
  }

  function readMessage(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('utf8').split('\0', 2)
    if (type === 'Q') onStatement(first)
    else if (type === 'P') prepared.set(first, second)
    else if (type === 'B') portals.set(first, prepared.get(second) ?? '')
    else if (type === 'E') onStatement(portals.get(first) ?? '')
  }
}
