import type { Context } from 'koa'

const entityTags = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/**
 * Answers 304 when the client has what it would get: by `If-None-Match` alone (RFC 9110 §13.1.2), which is evaluated
 * whatever `Cache-Control` the request has. To be called when status and `ETag` are set.
 *
 * @returns whether it did
 */
export function answerNotModified(ctx: Context): boolean {
  const condition = ctx.get('If-None-Match')
  if (condition === '' || !['GET', 'HEAD'].includes(ctx.method)) return false
  const [current] = tagsOf(String(ctx.response.get('ETag')))
  if (condition.trim() !== '*' && !tagsOf(condition).includes(current ?? '')) return false
  ctx.status = 304
  return true
}

/** Compared weakly: without their `W/`. */
function tagsOf(header: string): string[] {
  return [...header.matchAll(entityTags)].map(([, opaque = '']) => opaque)
}
