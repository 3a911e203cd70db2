import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Context } from 'koa'

/** The connection of a client that has left HTTP behind. */
export interface ClientConnection {
  readonly socket: Socket
  /** What the client has sent already behind its request. */
  readonly head: Buffer
}

const heads = new WeakMap<IncomingMessage, Buffer>()

/** How long a client may take to read the last response. */
const endMs = 10_000
/** More than this many get 503. */
const maxConnections = 10_000

/** The open connections of requests for another protocol, which the server itself forgets. */
export interface UpgradedConnections {
  endAll(): void
}

/**
 * Lets requests for another protocol (RFC 9110 §7.8) go through the same middleware as all others. What no route takes gets an
 * ordinary response, which is the last one on its connection.
 */
export function routeUpgrades(server: Server, respond: RequestListener): UpgradedConnections {
  const open = new Set<Socket>()
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    open.add(socket)
    // Node has taken its own listener away; the response or the taker of the connection learns of the end by `close`.
    socket.on('error', () => {})
    socket.once('close', () => open.delete(socket))
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.setTimeout(endMs, () => socket.destroy()).end())
    heads.set(request, head)
    // Node does not read the body of such a request: to go on would be to lose it.
    if (hasBody(request)) refuse(response, 400, 'invalid_request', 'A request for another protocol has no body here.')
    else if (open.size > maxConnections)
      refuse(response, 503, 'temporarily_unavailable', 'Too many connections are open.')
    else respond(request, response)
  })
  return {
    endAll() {
      for (const socket of open) socket.destroy()
    }
  }
}

/** Whether a request asks for a WebSocket (RFC 6455 §4.1) and this service accepts such requests. */
export function isWebSocketRequest({ req }: Context): boolean {
  return heads.has(req) && req.method === 'GET' && req.headers.upgrade?.toLowerCase() === 'websocket'
}

/** Takes the connection of a request for another protocol: from then on nothing else writes to it. */
export function takeConnection(ctx: Context): ClientConnection {
  const head = heads.get(ctx.req)
  const { socket } = ctx.res
  if (!head || !socket) throw new TypeError('not a request for another protocol')
  ctx.respond = false
  ctx.status = 101
  ctx.res.detachSocket(socket)
  return { socket, head }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function refuse(response: ServerResponse, status: number, error: string, description: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' })
  response.end(JSON.stringify({ error, error_description: description }))
}
