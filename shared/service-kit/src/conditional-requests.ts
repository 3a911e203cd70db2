import type { Context } from 'koa'

const entityTags = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/**
 * Responds 304 when the client already has the current response, only by `If-None-Match` (RFC 9110 §13.1.2), whatever its
 * `Cache-Control`. Call it when status and `ETag` are set.
 *
 * @returns whether it responded
 */
export function respondNotModified(ctx: Context): boolean {
  const condition = ctx.get('If-None-Match')
  if (condition === '' || !['GET', 'HEAD'].includes(ctx.method)) return false
  const [current] = tagsOf(String(ctx.response.get('ETag')))
  if (condition.trim() !== '*' && !tagsOf(condition).includes(current ?? '')) return false
  ctx.status = 304
  return true
}

/** Weak comparison: without their `W/`. */
function tagsOf(header: string): string[] {
  return [...header.matchAll(entityTags)].map(([, opaque = '']) => opaque)
}
