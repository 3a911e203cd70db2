import type { IncomingHttpHeaders } from 'node:http'
import { type ClientConnection, takeConnection } from '@countersign/service-kit'
import type { Context } from 'koa'
import type { UpstreamConnection } from './upstream.ts'

/** The part of a WebSocket's handshake that is the server's and the browser's own business (RFC 6455 §11.3). */
const handshakeRequestHeaders = ['key', 'version', 'protocol', 'extensions'].map((name) => `sec-websocket-${name}`)
const handshakeResponseHeaders = ['accept', 'protocol', 'extensions'].map((name) => `sec-websocket-${name}`)

const keepAliveMs = 30_000

/** The headers that ask for a WebSocket, as the browser sent them. */
export function handshakeOf(received: IncomingHttpHeaders): Record<string, string> {
  const headers: Record<string, string> = { connection: 'Upgrade', upgrade: 'websocket' }
  for (const name of handshakeRequestHeaders) {
    const value = received[name]
    if (value !== undefined) headers[name] = String(value)
  }
  return headers
}

/**
 * Joins a browser's connection with an API's: bytes pass as they are, in both directions.
 * @param idleMs how long both may be silent
 * @returns how to end it, and a promise of its end
 */
export function joinConnections(ctx: Context, api: UpstreamConnection, idleMs: number) {
  const browser = takeConnection(ctx)
  const { requestId } = ctx.state
  browser.socket.write(switchingProtocols(api.headers, requestId))
  if (api.head.length > 0) browser.socket.write(api.head)
  if (browser.head.length > 0) api.socket.write(browser.head)
  const end = () => {
    browser.socket.destroy()
    api.socket.destroy()
  }
  for (const socket of [browser.socket, api.socket]) {
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveMs)
    socket.on('error', end)
  }
  browser.socket.setTimeout(idleMs, end)
  return { end, closed: passOn(browser, api) }
}

async function passOn({ socket: browser }: ClientConnection, { socket: api }: UpstreamConnection): Promise<void> {
  browser.pipe(api)
  api.pipe(browser)
  const closeOf = (one: typeof api, other: typeof api) =>
    new Promise<void>((resolve) => {
      one.once('close', () => {
        // What the other one has not sent yet is sent first.
        other.destroySoon()
        resolve()
      })
      if (one.destroyed) other.destroySoon()
    })
  await Promise.all([closeOf(browser, api), closeOf(api, browser)])
}

function switchingProtocols(headers: IncomingHttpHeaders, requestId: string): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
  lines.push(`X-Request-Id: ${requestId}`)
  for (const name of handshakeResponseHeaders) {
    if (headers[name] !== undefined) lines.push(`${name}: ${String(headers[name])}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
