import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Context, Middleware } from 'koa'
import type { Secret } from './secret.ts'

const forwarderKeyHeader = 'X-Countersign-Forwarder-Key'
const forwarded = new WeakSet<IncomingMessage>()

/** The headers of a request from a service that is trusted to name the client's address. */
export function forwarderHeaders(key: Secret | undefined): Record<string, string> {
  return key ? { [forwarderKeyHeader]: key.reveal() } : {}
}

/**
 * Accepts the address in `X-Forwarded-For` from a caller with the key, whatever proxies are in front: a service that calls for
 * a browser comes by another path than strangers.
 */
export function trustForwarder(key: Secret): Middleware {
  const expected = digest(key.reveal())
  return function trustForwarder(ctx, next) {
    const shown = ctx.get(forwarderKeyHeader)
    if (shown !== '') {
      if (!timingSafeEqual(digest(shown), expected)) return next()
      forwarded.add(ctx.req)
      const address = ctx.get('X-Forwarded-For')
      if (isIP(address) !== 0) ctx.request.ip = address
    }
    return next()
  }
}

/** Whether a request came from the service with the key, for itself or for a browser. */
export function isFromForwarder({ req }: Context): boolean {
  return forwarded.has(req)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
