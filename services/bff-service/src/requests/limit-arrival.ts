import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { OAuthError } from '@countersign/oauth'
import type { Middleware } from 'koa'
import { createArrivalJudge } from './arrival-limits.ts'

const intervalMs = 1_000
const smallestRestBytes = 1024 * 1024

/** 408: the body came too slowly, or not at all. The rest of it is not read. */
class RequestTimeoutError extends OAuthError {
  readonly code = 'invalid_request'
  readonly status = 408

  constructor() {
    super('The request took too long to arrive.', { headers: { Connection: 'close' } })
  }
}

/**
 * Gives a body time while its bytes arrive. If the response is ready first, reads the rest of the body: many browsers read a
 * response only after they have sent everything, and see a reset when the connection closes before that. At most the size of
 * one more body is read for that.
 */
export function limitArrival({ proxyBodyLimitBytes }: { proxyBodyLimitBytes: number }): Middleware {
  const restBytes = Math.max(proxyBodyLimitBytes, smallestRestBytes)
  return async function limitArrival(ctx, next) {
    const { req, res } = ctx
    if (!hasBody(req)) return next()
    const tooLate = new Promise<never>((_resolve, reject) => {
      whenTooLate(req, () => {
        if (res.headersSent) req.destroy()
        else reject(new RequestTimeoutError())
      })
    })
    res.once('finish', () => discardRest(req, restBytes))
    try {
      await Promise.race([next(), tooLate])
    } catch (error) {
      // Nothing more is read from this connection after the response.
      if (!res.shouldKeepAlive && !(error instanceof RequestTimeoutError)) {
        await Promise.race([discardRest(req, restBytes), tooLate.catch(() => {})])
      }
      throw error
    }
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function whenTooLate(req: IncomingMessage, act: () => void): void {
  const { socket } = req
  const bytesBefore = socket.bytesRead
  const isTooLate = createArrivalJudge(intervalMs)
  const timer = setInterval(() => {
    if (req.complete || req.destroyed) return clearInterval(timer)
    const arrival = { bytes: socket.bytesRead - bytesBefore, isBrowserAwaited: req.readableLength === 0 }
    if (!isTooLate(arrival)) return
    clearInterval(timer)
    act()
  }, intervalMs)
  timer.unref()
}

/** Reads to the end and discards it; over the limit, the connection ends. */
async function discardRest(req: IncomingMessage, limitBytes: number): Promise<void> {
  if (req.complete || req.destroyed) return
  let bytes = 0
  req.unpipe()
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > limitBytes) req.destroy()
  })
  req.resume()
  await once(req, 'close').catch(() => {})
}
