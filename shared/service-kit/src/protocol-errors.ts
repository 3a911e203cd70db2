import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { MethodNotAllowedError } from '@countersign/oauth'

/** Responds to requests that Node rejects before the middleware, in the format of every other error. */
export function respondToProtocolErrors(server: Server): void {
  server.on('clientError', respondToClientError)
  server.on('connect', rejectConnect)
  server.on('checkExpectation', respondToUnknownExpectation)
}

/** `CONNECT` (RFC 9110 §9.3.6) is not supported anywhere here. */
function rejectConnect(_request: IncomingMessage, socket: Duplex): void {
  const { code, description } = new MethodNotAllowedError()
  const body = JSON.stringify({ error: code, error_description: description })
  socket.on('error', () => {})
  socket.end(
    'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE\r\nConnection: close\r\n' +
      `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

/** Requests that Node's parser rejects. */
function respondToClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, reason, description] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', 'The request headers are larger than 16 KiB.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout', 'The request took too long to arrive.']
        : [400, 'Bad Request', 'The request is not well-formed HTTP.']
  const body = JSON.stringify({ error: 'invalid_request', error_description: description })
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

/** `Expect` with anything but `100-continue` (RFC 9110 §10.1.1). */
function respondToUnknownExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const body = { error: 'invalid_request', error_description: 'This expectation cannot be met.' }
  response.writeHead(417, { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' })
  response.end(JSON.stringify(body))
}
